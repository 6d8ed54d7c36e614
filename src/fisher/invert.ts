import type { BlockShape } from '../blocks/block-shape.js';
import { cutIntoTasks } from '../blocks/spans.js';
import type { KernelJob } from '../engine/kernels.js';
import type { ArrayPlan } from '../memory/array-plan.js';
import type { LabelledJob, RunContext } from '../pool/run-context.js';
import { invertFlops } from '../solvers/flops.js';
import type { FisherState } from './fisher-state.js';
import type { Lambda } from './lambda.js';

/**
 * D = diag(F⁻¹) by weight; by block a bound of cond₂(F), and the residual ‖F(F⁻¹v) − v‖/‖v‖ for a fixed vector v
 * (NaN for woodbury, which keeps no F). Per parameter, in block order.
 */
export interface InverseDiagonal {
  diagonal: Float64Array[];
  condition: Float64Array[];
  residual: Float64Array[];
}

/** What is kept of a parameter's inverse. */
export function inverseArrays({ size, blockCount }: BlockShape) {
  return {
    diagonal: ['float64', size],
    condition: ['float64', blockCount],
    residual: ['float64', blockCount],
  } as const satisfies ArrayPlan;
}

/** Inverts every block as far as D; arrays on the run's memory. */
export async function invertBlocks(
  context: RunContext,
  state: FisherState,
  damping: Lambda,
): Promise<InverseDiagonal> {
  const arrays = state.parameters.map((shape) => context.lease.arrays(inverseArrays(shape)));
  const diagonal = arrays.map((inverse) => inverse.diagonal);
  const condition = arrays.map((inverse) => inverse.condition);
  const residual = arrays.map((inverse) => inverse.residual);
  const moved = (order: number): number => (state.solver === 'gram' ? 4 * order ** 2 : 4 * order);
  const cost = (order: number): number =>
    invertFlops(state.solver, order, state.samples) + moved(order);
  const tasks = cutIntoTasks(state.spans(), cost).map((task) =>
    task.map((span): LabelledJob<'invert'> => {
      const job: KernelJob<'invert'> = {
        ...state.range(span, damping),
        squareSum: state.parts[span.index].diagonalSum,
        diagonal: diagonal[span.index],
        condition: condition[span.index],
        residual: residual[span.index],
      };
      return { parameter: span.parameter.name, job };
    }),
  );
  await context.run('invert', tasks);
  return { diagonal, condition, residual };
}

/** The largest residual among the blocks of a parameter; null where no F is kept. */
export function largestResidual(residual: Float64Array): number | null {
  const largest = residual.reduce((a, b) => Math.max(a, b), 0);
  return Number.isNaN(largest) ? null : largest;
}

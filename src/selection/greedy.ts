import type { BlockShape } from '../blocks/block-shape.js';
import { cutIntoTasks } from '../blocks/spans.js';
import type { KernelJob } from '../engine/kernels.js';
import type { FisherState } from '../fisher/fisher-state.js';
import type { Lambda } from '../fisher/lambda.js';
import type { ArrayPlan } from '../memory/array-plan.js';
import type { LabelledJob, RunContext } from '../pool/run-context.js';

/**
 * `oneshot`: all weights are ranked by what the removal of each alone would cost. `greedy`: inside each
 * block one weight at a time goes, the cheapest after the removals before it were made up for.
 */
export type Selection = 'oneshot' | 'greedy';
export const SELECTIONS: readonly Selection[] = ['oneshot', 'greedy'];

/** See GreedyJob; arrays by parameter in block order, on the run's memory. */
export interface GreedyTrace {
  keys: Float64Array[];
  marginalLosses: Float64Array[];
}

/** The keys and losses of a parameter. */
export function keyArrays({ size }: BlockShape) {
  return {
    keys: ['float64', size],
    marginalLosses: ['float64', size],
  } as const satisfies ArrayPlan;
}

/** Traces every block from all of its weights to none. `step`: α of the first-order term. */
export async function traceBlocks(
  context: RunContext,
  state: FisherState,
  damping: Lambda,
  weights: readonly Float32Array[],
  { step = 0 }: { step?: number } = {},
): Promise<GreedyTrace> {
  const { lease } = context;
  const arrays = state.parameters.map((shape) => lease.arrays(keyArrays(shape)));
  const keys = arrays.map((trace) => trace.keys);
  const marginalLosses = arrays.map((trace) => trace.marginalLosses);
  const sums = (order: number): number =>
    state.solver === 'dual' ? state.samples * order ** 2 : 0;
  const cost = (order: number): number => 1.5 * order ** 3 + 50 * order ** 2 + sums(order);
  const tasks = cutIntoTasks(state.spans(), cost).map((task) =>
    task.map((span): LabelledJob<'greedy'> => {
      const { parameter, index } = span;
      const job: KernelJob<'greedy'> = {
        ...state.range(span, damping),
        weights: weights[index],
        mask: parameter.mask,
        order: parameter.order,
        gradientSum: state.parts[index].scaledSum,
        step,
        keys: keys[index],
        marginalLosses: marginalLosses[index],
      };
      return { parameter: parameter.name, job };
    }),
  );
  await context.run('greedy', tasks);
  return { keys, marginalLosses };
}

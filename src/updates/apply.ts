import type { BlockShape } from '../blocks/block-shape.js';
import { cutIntoTasks } from '../blocks/spans.js';
import type { KernelJob, UpdateRule } from '../engine/kernels.js';
import { type FirstOrderTerm, firstOrderOf } from '../fisher/first-order.js';
import type { FisherState } from '../fisher/fisher-state.js';
import type { Lambda } from '../fisher/lambda.js';
import type { ArrayPlan } from '../memory/array-plan.js';
import type { LabelledJob, RunContext } from '../pool/run-context.js';

/**
 * What the weights that stay do when others are pruned. `none`: nothing. `independent`: the paper's
 * update for each pruned weight by itself, summed. `joint`: the minimiser for all of a block's pruned
 * weights together; never worse than `independent` in predicted loss.
 */
export const UPDATE_RULES: readonly UpdateRule[] = ['none', 'independent', 'joint'];

/** Predicted loss change of a change of the weights, as ½ δᵀFδ and ḡᵀδ apart. */
export interface LossTerms {
  quadratic: number;
  linear: number;
}

/** That of the change that was applied. */
export interface PredictedLossChange extends LossTerms {
  /** That of setting the pruned weights to zero and leaving the others as they were. */
  withoutUpdate: LossTerms;
}

/** What an update is predicted to cost, by block. */
export function lossArrays({ blockCount }: BlockShape) {
  return {
    losses: ['float64', 2 * blockCount],
    bareLosses: ['float64', 2 * blockCount],
  } as const satisfies ArrayPlan;
}

/**
 * Prunes `weights` by `masks` (both block order) and lets the kept weights make up for it, and follow
 * −αh where `firstOrder` says so; the weights change in place. Returns each parameter's predicted loss
 * change, added to `before`: that of blocks of the same parameter that were updated already.
 */
export async function applyUpdate(
  context: RunContext,
  state: FisherState,
  rule: UpdateRule,
  damping: Lambda,
  weights: readonly Float32Array[],
  masks: readonly Uint8Array[],
  firstOrder?: FirstOrderTerm,
  before: readonly PredictedLossChange[] = [],
): Promise<PredictedLossChange[]> {
  const losses = state.parameters.map((shape) => context.lease.arrays(lossArrays(shape)));
  const cost = (order: number): number => order ** 3 + order ** 2;
  const tasks = cutIntoTasks(state.spans(), cost).map((task) =>
    task.map((span): LabelledJob<'update'> => {
      const { parameter, index } = span;
      const job: KernelJob<'update'> = {
        ...state.range(span, damping),
        rule,
        weights: weights[index],
        maskBefore: parameter.mask,
        maskAfter: masks[index],
        gradientSum: state.parts[index].scaledSum,
        ...losses[index],
        ...firstOrderOf(firstOrder, index),
      };
      return { parameter: parameter.name, job };
    }),
  );
  await context.run('update', tasks);
  const changes = losses.map((arrays, i) => ({
    ...sumLosses(arrays.losses, before[i]),
    withoutUpdate: sumLosses(arrays.bareLosses, before[i]?.withoutUpdate),
  }));
  for (const array of losses.flatMap((arrays) => Object.values(arrays))) {
    context.lease.release(array);
  }
  return changes;
}

function sumLosses(losses: Float64Array, before?: LossTerms): LossTerms {
  let { quadratic, linear } = before ?? { quadratic: 0, linear: 0 };
  for (let i = 0; i < losses.length; i += 2) {
    quadratic += losses[i];
    linear += losses[i + 1];
  }
  return { quadratic, linear };
}

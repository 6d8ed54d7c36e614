import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { cutIntoTasks, tasksOfBytes, wholeParameters } from '../blocks/spans.js';
import type { ScoreInputs } from '../criteria/score.js';
import type { KernelJob } from '../engine/kernels.js';
import { firstOrderOf } from '../fisher/first-order.js';
import type { FisherState } from '../fisher/fisher-state.js';
import type { LabelledJob, RunContext } from '../pool/run-context.js';

/** New masks (block order, on the run's memory), and by group what its pruned weights cost together. */
export interface ChosenSubsets {
  masks: Uint8Array[];
  costs: Float64Array[];
}

/** N:M: what a kernel needs to know of a parameter, and where it writes. */
type Choice = Pick<KernelJob<'chooseSmallest'>, 'grid' | 'keep' | 'mask' | 'maskAfter' | 'costs'>;

/** Keeps `keep` weights of each group; the others are those that cost least together. */
export async function chooseJointly(
  context: RunContext,
  state: FisherState,
  { damping, firstOrder }: Pick<ScoreInputs, 'damping' | 'firstOrder'>,
  weights: readonly Float32Array[],
  keep: number,
): Promise<ChosenSubsets> {
  const { masks, costs, choices } = prepare(context, state.parameters, keep);
  const tasks = cutIntoTasks(state.spans(), (order) => 2 * order ** 3).map((task) =>
    task.map((span): LabelledJob<'chooseSubsets'> => {
      const job: KernelJob<'chooseSubsets'> = {
        ...state.range(span, damping),
        ...choices[span.index],
        weights: weights[span.index],
        ...firstOrderOf(firstOrder, span.index),
      };
      return { parameter: span.parameter.name, job };
    }),
  );
  await context.run('chooseSubsets', tasks);
  return { masks, costs };
}

/** Keeps the `keep` weights of each group that have the largest scores. */
export async function chooseSmallest(
  context: RunContext,
  parameters: readonly BlockedParameter[],
  scores: readonly Float64Array[],
  keep: number,
): Promise<ChosenSubsets> {
  const { masks, costs, choices } = prepare(context, parameters, keep);
  const spans = cutIntoTasks(wholeParameters(parameters), (order) => 64 * order, tasksOfBytes);
  const tasks = spans.map((task) =>
    task.map(({ parameter, index, from, to }): LabelledJob<'chooseSmallest'> => {
      const { control } = context;
      const job: KernelJob<'chooseSmallest'> = {
        ...{ starts: parameter.starts, from, to, control },
        ...choices[index],
        scores: scores[index],
      };
      return { parameter: parameter.name, job };
    }),
  );
  await context.run('chooseSmallest', tasks);
  return { masks, costs };
}

function prepare({ lease }: RunContext, parameters: readonly BlockedParameter[], keep: number) {
  const masks = parameters.map(({ size }) => lease.uint8(size));
  const costs = parameters.map(({ groups }) => lease.float64(groups?.count ?? 0));
  const choices = parameters.map(({ groups, mask }, i): Choice => {
    if (groups?.grid === undefined) throw new TypeError('n:m is laid out on a grid');
    return { grid: groups.grid, keep, mask, maskAfter: masks[i], costs: costs[i] };
  });
  return { masks, costs, choices };
}

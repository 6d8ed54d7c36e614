import { chooseJointly, chooseSmallest } from '../groups/choose-subsets.js';
import { countPruned, spreadMasks } from '../groups/spread-masks.js';
import { copyInPieces } from '../memory/pieces.js';
import type { RunContext } from '../pool/run-context.js';
import { applyCuts, type Cut } from './cut.js';
import { findCuts } from './find-cuts.js';
import { listsInMemory } from './ranked-lists.js';
import type { Ranking } from './ranking.js';

/** What is pruned. */
export interface SelectedMasks {
  /** 1 = kept; by parameter, block order, on the run's memory. */
  masks: Uint8Array[];
  /** Weights pruned now, by parameter. */
  pruned: number[];
  /** By list of units; absent for n:m, which has no threshold. */
  cuts?: readonly Cut[];
}

/** Prunes what the budgets of a ranking ask for. */
export async function select(context: RunContext, ranking: Ranking): Promise<SelectedMasks> {
  const { inputs, units, groups } = ranking;
  const { parameters, budgets, pattern } = inputs;
  if (pattern.kind === 'subsets') return await chooseSubsets(context, ranking, pattern.keep);
  const cuts = await findCuts(context, listsInMemory(units), budgets);
  const { masks, pruned } = await applyCuts(context, units, cuts);
  if (groups === undefined) return { masks, pruned, cuts };
  const spread = await spreadMasks(context, parameters, groups.model, masks);
  for (const mask of masks) context.lease.release(mask);
  return { masks: spread, pruned: await countPruned(parameters, spread), cuts };
}

async function chooseSubsets(
  context: RunContext,
  { inputs, units, weightScores }: Ranking,
  keep: number,
): Promise<SelectedMasks> {
  const { parameters, weights, fisher } = inputs;
  const { masks, costs } =
    weightScores === undefined && fisher !== undefined
      ? await chooseJointly(context, fisher.state, fisher.inputs, weights, keep)
      : await chooseSmallest(context, parameters, weightScores ?? [], keep);
  for (const [i, { scores }] of units.entries()) {
    await copyInPieces(costs[i], scores);
    context.lease.release(costs[i]);
  }
  return { masks, pruned: await countPruned(parameters, masks) };
}

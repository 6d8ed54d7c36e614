import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import type { ParsedPattern } from '../blocks/pattern.js';
import { needsFisher, type ScoreInputs, scoreWeights, usesInverse } from '../criteria/score.js';
import type { CriterionName } from '../engine/kernels.js';
import type { FisherState } from '../fisher/fisher-state.js';
import { type GroupModel, groupModel } from '../groups/group-model.js';
import { exactScores, summedScores } from '../groups/group-scores.js';
import { inPieces } from '../memory/pieces.js';
import type { RunContext } from '../pool/run-context.js';
import { type Budgets, costsOf } from './budgets.js';
import { type Selection, traceBlocks } from './greedy.js';
import { groupUnits } from './group-units.js';
import { type Units, weightUnits } from './units.js';

/** What a selection is made from. */
export interface RankingInputs {
  parameters: readonly BlockedParameter[];
  weights: readonly Float32Array[];
  criterion: CriterionName;
  /** Of criterion `random`. Default 0. */
  seed?: number;
  selection: Selection;
  pattern: ParsedPattern;
  budgets: Budgets;
  /** Absent for criteria that do without gradients. */
  fisher?: { state: FisherState; inputs: ScoreInputs };
}

/** What may be pruned, with its scores. */
export interface Ranking {
  inputs: RankingInputs;
  /** Weights or groups; for n:m groups whose scores are what they cost, once they have been chosen. */
  units: Units[];
  groups?: RankedGroups;
  /** With `greedy`: what each removal costs after those before it. */
  losses?: readonly Float64Array[];
  /** Scores of single weights, where groups are ranked by their sum. */
  weightScores?: readonly Float64Array[];
}

/** Groups of a ranking. */
export interface RankedGroups {
  model: GroupModel;
  /** Weights still there that are in no group, by parameter. */
  dense: readonly number[];
  /** By list: whether groups lie in several blocks. */
  summed: readonly boolean[];
}

/** Scores all that may be pruned, weights or groups. */
export async function rank(context: RunContext, inputs: RankingInputs): Promise<Ranking> {
  const { parameters, weights, criterion, pattern, budgets, fisher } = inputs;
  const costs = costsOf(budgets, parameters);
  if (pattern.kind === 'unstructured') {
    const { scores, losses } = await weightScoresOf(context, inputs);
    const units = weightUnits(parameters, scores, costs);
    await divideByCost(units, budgets.costPower);
    return { inputs, units, losses };
  }
  const model = await groupModel(context.lease, parameters, pattern);
  const joint = usesInverse(criterion) && fisher !== undefined;
  const weightScores = joint ? undefined : await additiveScores(context, inputs);
  if (pattern.kind === 'subsets') {
    const none = model.lists.map(({ count }) => context.lease.float64(count));
    const { units, dense } = await groupUnits(context, model, parameters, none, costs);
    const summed = units.map(() => false);
    return { inputs, units, groups: { model, dense, summed }, weightScores };
  }
  const { scores, summed } = joint
    ? await exactScores(context, fisher.state, fisher.inputs, weights, model)
    : await summedScores(context, parameters, weightScores ?? [], model);
  const { units, dense } = await groupUnits(context, model, parameters, scores, costs);
  await divideByCost(units, budgets.costPower);
  return { inputs, units, groups: { model, dense, summed }, weightScores };
}

/** Gives the memory of a ranking back, as far as it is its own. */
export function disposeRanking(
  { lease }: RunContext,
  { units, groups, losses, weightScores }: Ranking,
): void {
  for (const { scores, mask, starts, amounts } of units) {
    lease.release(scores);
    if (groups === undefined) continue;
    for (const array of [mask, starts, amounts.weights.each, amounts.flops.each]) {
      if (array !== undefined) lease.release(array);
    }
  }
  for (const array of [...(losses ?? []), ...(weightScores ?? [])]) lease.release(array);
}

async function weightScoresOf(
  context: RunContext,
  { parameters, weights, criterion, seed, selection, fisher }: RankingInputs,
): Promise<{ scores: Float64Array[]; losses?: Float64Array[] }> {
  if (selection === 'greedy' && fisher !== undefined) {
    const { damping, firstOrder } = fisher.inputs;
    const step = firstOrder?.step ?? 0;
    const { keys, marginalLosses } = await traceBlocks(context, fisher.state, damping, weights, {
      step,
    });
    return { scores: keys, losses: marginalLosses };
  }
  const inputs = needsFisher(criterion) ? fisher?.inputs : undefined;
  return { scores: await scoreWeights(context, parameters, weights, criterion, inputs, seed) };
}

/** Scores that may be summed over groups: magnitude counts as w². */
async function additiveScores(context: RunContext, inputs: RankingInputs): Promise<Float64Array[]> {
  const { scores } = await weightScoresOf(context, inputs);
  if (inputs.criterion !== 'magnitude') return scores;
  for (const array of scores) {
    await inPieces(array.length, (begin, end) => {
      for (let c = begin; c < end; c++) array[c] *= array[c];
    });
  }
  return scores;
}

/** score / (FLOPs of the unit)^power */
async function divideByCost(units: readonly Units[], power: number): Promise<void> {
  if (power === 0) return;
  for (const { scores, mask, amounts } of units) {
    const { each, factor } = amounts.flops;
    if (each === undefined && factor === 1) continue;
    const common = factor ** power;
    await inPieces(scores.length, (begin, end) => {
      for (let c = begin; c < end; c++) {
        if (mask[c] === 0) continue;
        scores[c] /= each === undefined ? common : (each[c] * factor) ** power;
      }
    });
  }
}

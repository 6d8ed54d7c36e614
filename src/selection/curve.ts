import { cutIntoTasks, tasksOfBytes, wholeParameters } from '../blocks/spans.js';
import { needsFisher } from '../criteria/score.js';
import type { KernelJob } from '../engine/kernels.js';
import { optionError } from '../errors.js';
import type { LabelledJob, RunContext } from '../pool/run-context.js';
import { prunedCount, totalsTogether } from './amounts.js';
import { scoresAtRanks } from './rank.js';
import { listsInMemory } from './ranked-lists.js';
import type { Ranking } from './ranking.js';
import type { Units } from './units.js';

/** What pruning to a sparsity is predicted to cost. */
export interface CurvePoint {
  /** Of the prunable weights, those pruned before included. */
  sparsity: number;
  /** Sum of the predicted losses of the cheapest removals; null beyond what can be pruned. */
  predictedLoss: number | null;
}

/** Sparsities that the statistics report: 0.05 … 0.95 and 0.96 … 0.99. */
export const CURVE_SPARSITIES: readonly number[] = [
  ...Array.from({ length: 19 }, (_, i) => (i + 1) / 20),
  ...[0.96, 0.97, 0.98, 0.99],
];

/** Ranks that are looked for together; see countKeys for what each takes. */
export const RANKS_TOGETHER = 9;

/** Whether the scores of a ranking are predicted losses, or it has them beside its keys. */
export function hasLosses({ inputs, losses }: Ranking): boolean {
  const { criterion, pattern, budgets, fisher } = inputs;
  if (fisher === undefined || pattern.kind === 'subsets') return false;
  if (losses !== undefined) return true;
  return needsFisher(criterion) && budgets.costPower === 0;
}

/**
 * Predicted loss by sparsity, for all sparsities out of one ranking: with `oneshot` the sum of the losses
 * of the single removals, with `greedy` that of the removals one after the other, exact within blocks. The
 * units go in the order of the ranking of all parameters, or with `apart` those of each by themselves.
 */
export async function lossCurve(
  context: RunContext,
  { units, losses }: Pick<Ranking, 'units' | 'losses'>,
  sparsities: readonly number[],
  apart = false,
): Promise<CurvePoint[]> {
  const values = losses ?? units.map(({ scores }) => scores);
  const lists = apart ? units.map((_, i) => [i]) : [[...units.keys()]];
  const points = sparsities.map((sparsity): CurvePoint => ({ sparsity, predictedLoss: 0 }));
  for (const list of lists) {
    const some = list.map((i) => units[i]);
    const of = list.map((i) => values[i]);
    const found = await lossesAt(context, some, of, sparsities);
    for (const [i, loss] of found.entries()) {
      const { predictedLoss } = points[i];
      points[i].predictedLoss =
        loss === null || predictedLoss === null ? null : predictedLoss + loss;
    }
  }
  return points;
}

/** Refuses what is no list of sparsities; `option` names it. */
export function checkCurve(
  sparsities: readonly number[] = CURVE_SPARSITIES,
  option = 'sparsities',
): readonly number[] {
  const isShare = (s: unknown): boolean => typeof s === 'number' && s >= 0 && s <= 1;
  if (!Array.isArray(sparsities) || !sparsities.every(isShare)) {
    throw optionError(option, 'a list of numbers from 0 to 1', sparsities);
  }
  return sparsities;
}

/** Sum of the values of the units that each sparsity prunes; linear within a tie and within a unit. */
async function lossesAt(
  context: RunContext,
  units: readonly Units[],
  values: readonly Float64Array[],
  sparsities: readonly number[],
): Promise<(number | null)[]> {
  const { all, prunedBefore, inUnits } = totalsTogether(units, 'weights');
  const counts = sparsities.map((sparsity) => prunedCount(sparsity, all) - prunedBefore);
  const ranks = [...new Set(counts.filter((count) => count > 0 && count <= inUnits))];
  const found = new Map<number, { score: number; share: number }>();
  for (let i = 0; i < ranks.length; i += RANKS_TOGETHER) {
    const some = ranks.slice(i, i + RANKS_TOGETHER);
    const scores = await scoresAtRanks(
      context,
      listsInMemory(units),
      some.map((count) => count - 1),
      'weights',
    );
    for (const [k, { score, below, equal }] of scores.entries()) {
      found.set(some[k], { score, share: (some[k] - below) / equal });
    }
  }
  const thresholds = [...new Set([...found.values()].map(({ score }) => score))];
  thresholds.sort((a, b) => a - b);
  const sums = await sumsByScore(context, units, values, Float64Array.from(thresholds));
  const below = sums.map(({ between }) => between);
  for (let j = 1; j < sums.length; j++) below[j] += below[j - 1] + sums[j - 1].at;
  return counts.map((count) => {
    if (count <= 0) return 0;
    const { score, share } = found.get(count) ?? {};
    if (score === undefined || share === undefined) return null;
    const j = thresholds.indexOf(score);
    return below[j] + share * sums[j].at;
  });
}

/** Sums of values between each threshold and the one before, and at it. Cut by sizes alone. */
async function sumsByScore(
  context: RunContext,
  units: readonly Units[],
  values: readonly Float64Array[],
  thresholds: Float64Array,
): Promise<{ between: number; at: number }[]> {
  if (thresholds.length === 0) return [];
  const { lease, control } = context;
  const spans = cutIntoTasks(wholeParameters(units), (order) => 17 * order, tasksOfBytes);
  const sums = spans.map(() => lease.float64(2 * thresholds.length));
  const tasks = spans.map((task, t) =>
    task.map(({ parameter, index, from, to }): LabelledJob<'sumScores'> => {
      const { name, starts, scores, mask } = parameter;
      const job: KernelJob<'sumScores'> = {
        ...{ starts, from, to, control, scores, mask, thresholds },
        ...{ values: values[index], sums: sums[t] },
      };
      return { parameter: name ?? 'sets', job };
    }),
  );
  try {
    for (const array of sums) array.fill(0);
    await context.run('sumScores', tasks);
    return Array.from(thresholds, (_, j) => ({
      between: sums.reduce((sum, part) => sum + part[2 * j], 0),
      at: sums.reduce((sum, part) => sum + part[2 * j + 1], 0),
    }));
  } finally {
    for (const array of sums) lease.release(array);
  }
}

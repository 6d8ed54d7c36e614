import { cutIntoTasks, tasksOfBytes, wholeParameters } from '../blocks/spans.js';
import type { KernelJob } from '../engine/kernels.js';
import type { ArrayPlan } from '../memory/array-plan.js';
import type { LabelledJob, RunContext } from '../pool/run-context.js';
import { scoresAtRanks } from './rank.js';
import { onlyList, type RankedLists, type UnitPart } from './ranked-lists.js';
import { TieCount } from './tie-count.js';
import { amountsOf, type Currency, type Units } from './units.js';

/**
 * Where units are cut: those with a smaller score are pruned, and of those with the same score the
 * ones up to index `lastTie` of the model's layout (−1: none of them).
 */
export interface Cut {
  score: number;
  lastTie: number;
}

export const NOTHING: Cut = { score: 0, lastTie: -1 };
export const EVERYTHING: Cut = {
  score: Number.POSITIVE_INFINITY,
  lastTie: Number.MAX_SAFE_INTEGER,
};

/** Whether a cut prunes less than another, of the same units. */
export function isBefore(a: Cut, b: Cut): boolean {
  return a.score < b.score || (a.score === b.score && a.lastTie < b.lastTie);
}

export function laterOf(a: Cut, b: Cut): Cut {
  return isBefore(a, b) ? b : a;
}

export function earlierOf(a: Cut, b: Cut): Cut {
  return isBefore(a, b) ? a : b;
}

/**
 * One cut for each list of units, ranked together, ties in the order of the lists and then by index:
 * just behind the unit that has rank `rank` in `currency`, or just before it.
 */
export async function cutAtRank(
  context: RunContext,
  ranked: RankedLists,
  rank: number,
  currency: Currency,
  side: 'behind' | 'before',
): Promise<Cut[]> {
  const { lists } = ranked;
  const [{ score, below, equal }] = await scoresAtRanks(context, ranked, [rank], currency);
  const all = lists.map(() => ({ score, lastTie: Number.MAX_SAFE_INTEGER }));
  const none = lists.map(() => ({ score, lastTie: -1 }));
  let rest = rank - below;
  if (side === 'behind' && rest === equal - 1) return all;
  if (side === 'before' && rest === 0) return none;
  for (const i of lists.keys()) {
    const ties = new TieCount(context, onlyList(ranked, i), score, currency);
    const total = await ties.total();
    if (rest < total) {
      const index = await ties.indexAt(rest);
      const last = { score, lastTie: side === 'behind' ? index : index - 1 };
      return [...all.slice(0, i), last, ...none.slice(i + 1)];
    }
    rest -= total;
  }
  return all;
}

/** The new mask of a parameter, or of its groups. */
export function maskArrays({ size }: { size: number }) {
  return { masks: ['uint8', size] } as const satisfies ArrayPlan;
}

/** Applies a cut to each list: new masks (on the run's memory), and what was pruned counts. */
export async function applyCuts(
  context: RunContext,
  lists: readonly Units[],
  cuts: readonly Cut[],
  currency: Currency = 'weights',
): Promise<{ masks: Uint8Array[]; pruned: number[] }> {
  const masks = lists.map((units) => context.lease.arrays(maskArrays(units)).masks);
  const spans = cutIntoTasks(wholeParameters(lists), (order) => 16 * order, tasksOfBytes);
  const tasks = spans.map((task) =>
    task.map(({ parameter: units, index, from, to }): LabelledJob<'cut'> => {
      const { each, factor } = amountsOf(units, currency);
      const job: KernelJob<'cut'> = {
        starts: units.starts,
        from,
        to,
        control: context.control,
        scores: units.scores,
        mask: units.mask,
        maskAfter: masks[index],
        order: units.order,
        amounts: each,
        factor,
        ...cuts[index],
      };
      return { parameter: units.name ?? 'sets', job };
    }),
  );
  const values = await context.run('cut', tasks);
  const pruned = lists.map(() => 0);
  spans.forEach((task, t) => {
    task.forEach(({ index }, j) => {
      pruned[index] += values[t][j];
    });
  });
  return { masks, pruned };
}

/** What the units of each list before its cut count. */
export async function amountBefore(
  context: RunContext,
  ranked: RankedLists,
  cuts: readonly Cut[],
  currency: Currency,
): Promise<number[]> {
  const amounts = ranked.lists.map(() => 0);
  await ranked.visit(async (parts) => {
    const { masks, pruned } = await applyCutsTo(context, parts, cuts, currency);
    for (const mask of masks) context.lease.release(mask);
    for (const [i, { list }] of parts.entries()) amounts[list] += pruned[i];
  });
  return amounts;
}

/** Applies the cuts of their lists to parts of these: a mask a part. */
export function applyCutsTo(
  context: RunContext,
  parts: readonly UnitPart[],
  cuts: readonly Cut[],
  currency: Currency = 'weights',
): Promise<{ masks: Uint8Array[]; pruned: number[] }> {
  const units = parts.map((part) => part.units);
  const own = parts.map(({ list }) => cuts[list]);
  return applyCuts(context, units, own, currency);
}

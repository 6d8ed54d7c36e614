import { setImmediate } from 'node:timers/promises';
import { cutIntoTasks, type SpanShape, wholeParameters } from '../blocks/spans.js';
import type { KernelJob } from '../engine/kernels.js';
import type { ArrayPlan } from '../memory/array-plan.js';
import { fillInPieces, inPieces } from '../memory/pieces.js';
import type { LabelledJob, RunContext } from '../pool/run-context.js';
import type { RankedLists, UnitPart } from './ranked-lists.js';
import { amountsOf, type Currency } from './units.js';

/** The score at a rank, what the units with smaller scores count, and what those with equal ones do. */
export interface RankedScore {
  score: number;
  below: number;
  equal: number;
}

const DIGITS = 65536;
const LEVELS = 4;

/** Ranks that are looked for in a few ms. */
const RANKS_PER_TURN = 8;

/**
 * The scores at the given ranks, exactly, by a radix selection over the bits of the scores: four
 * passes of 16 bits. In the order of the scores a unit takes as many ranks as it counts in `currency`,
 * from 0 on. The passes count and their counts are added, so that ranges may be counted by any number
 * of workers (or machines) and the scores are never brought together.
 */
export async function scoresAtRanks(
  context: RunContext,
  ranked: RankedLists,
  ranks: readonly number[],
  currency: Currency = 'units',
): Promise<RankedScore[]> {
  // For each rank: the digits found so far, as one integer, and what is known to be smaller.
  const found = ranks.map(() => ({ prefix: 0, digit: 0, below: 0, equal: 0 }));
  for (let level = 0; level < LEVELS; level++) {
    for (const state of found) state.prefix = state.prefix * DIGITS + state.digit;
    const prefixes = [...new Set(found.map(({ prefix }) => prefix))].sort((a, b) => a - b);
    const counts = await countLists(context, ranked, level, prefixes, currency);
    for (const [i, state] of found.entries()) {
      const offset = prefixes.indexOf(state.prefix) * DIGITS;
      state.digit = 0;
      while (state.digit < DIGITS - 1 && state.below + counts[offset + state.digit] <= ranks[i]) {
        state.below += counts[offset + state.digit++];
      }
      state.equal = counts[offset + state.digit];
      if (i % RANKS_PER_TURN === RANKS_PER_TURN - 1) await setImmediate();
    }
    context.lease.release(counts);
  }
  return found.map(({ prefix, digit, below, equal }) => ({
    score: scoreOf(prefix, digit),
    below,
    equal,
  }));
}

/** The parts of a ranking that are counted apart: about one a thread. */
export function rankingParts<S extends SpanShape>(spans: readonly S[], threads: number): S[][] {
  const count = (weights: number): number => Math.min(threads, Math.ceil(weights / DIGITS));
  return cutIntoTasks(spans, (order) => order, count);
}

/** What a part is counted in, for so many distinct prefixes. */
export function countArrays(prefixes: number) {
  return { counts: ['float64', prefixes * DIGITS] } as const satisfies ArrayPlan;
}

/** Counts of all lists together, on the run's memory: the caller gives it back. */
async function countLists(
  context: RunContext,
  ranked: RankedLists,
  level: number,
  prefixes: readonly number[],
  currency: Currency,
): Promise<Float64Array> {
  let sum: Float64Array | undefined;
  await ranked.visit(async (parts) => {
    const counts = await countKeys(context, parts, level, prefixes, currency);
    if (sum === undefined) {
      sum = counts;
      return;
    }
    await addCounts(sum, [counts]);
    context.lease.release(counts);
  });
  return sum ?? context.lease.float64(prefixes.length * DIGITS).fill(0);
}

/** Counts of some parts together, on the run's memory: the caller gives it back. */
async function countKeys(
  context: RunContext,
  inMemory: readonly UnitPart[],
  level: number,
  prefixes: readonly number[],
  currency: Currency,
): Promise<Float64Array> {
  const spans = wholeParameters(inMemory.map(({ units }) => units));
  const parts = rankingParts(spans, context.share.threads);
  const plan = countArrays(prefixes.length);
  const counts = parts.map(() => context.lease.arrays(plan).counts);
  const wanted = Float64Array.from(prefixes);
  const tasks = parts.map((part, i) =>
    part.map(({ parameter: units, from, to }): LabelledJob<'countKeys'> => {
      const { each, factor } = amountsOf(units, currency);
      const job: KernelJob<'countKeys'> = {
        starts: units.starts,
        from,
        to,
        control: context.control,
        scores: units.scores,
        mask: units.mask,
        level,
        prefixes: wanted,
        counts: counts[i],
        amounts: each,
        factor,
      };
      return { parameter: units.name ?? 'sets', job };
    }),
  );
  for (const array of counts) await fillInPieces(array, 0);
  await context.run('countKeys', tasks);
  const [sum, ...others] = counts;
  await addCounts(sum, others);
  for (const array of others) context.lease.release(array);
  return sum;
}

/** Adds the counts of other ranges, workers or machines. */
export async function addCounts(sum: Float64Array, others: readonly Float64Array[]): Promise<void> {
  for (const part of others) {
    await inPieces(sum.length, (begin, end) => {
      for (let i = begin; i < end; i++) sum[i] += part[i];
    });
  }
}

/** The float64 whose upper 48 bits are `prefix` and whose lower 16 are `digit`. */
function scoreOf(prefix: number, digit: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, Math.floor(prefix / DIGITS));
  view.setUint16(4, prefix % DIGITS);
  view.setUint16(6, digit);
  return view.getFloat64(0);
}

import { inPieces } from '../memory/pieces.js';
import type { Units } from '../selection/units.js';

/** Units that ranks are compared of at most: beyond, every k-th one, a standard error of 0.003. */
export const MOST_RANKED = 2 ** 17;

/** Searches of a rank that the main thread does at a time. */
const PIECE = 2 ** 15;

/**
 * Spearman's rank correlation of two scores of the same units, ties with their mean rank: exact up to
 * {@link MOST_RANKED} units that are there, else of an even sample. null where one of the two ranks nothing.
 */
export async function rankCorrelation(
  units: readonly Units[],
  others: readonly Units[],
): Promise<number | null> {
  const [x, y] = await evenSample(units, others);
  return await spearman(x, y);
}

/** Scores of every k-th unit that is there, by both rankings. */
async function evenSample(
  units: readonly Units[],
  others: readonly Units[],
): Promise<[Float64Array, Float64Array]> {
  let there = 0;
  for (const { mask } of units) {
    await inPieces(mask.length, (begin, end) => {
      for (let c = begin; c < end; c++) there += mask[c];
    });
  }
  const every = Math.max(1, Math.ceil(there / MOST_RANKED));
  const x = new Float64Array(Math.ceil(there / every));
  const y = new Float64Array(x.length);
  let seen = 0;
  for (const [i, { mask, scores }] of units.entries()) {
    await inPieces(mask.length, (begin, end) => {
      for (let c = begin; c < end; c++) {
        if (mask[c] === 0 || seen++ % every !== 0) continue;
        const at = (seen - 1) / every;
        x[at] = scores[c];
        y[at] = others[i].scores[c];
      }
    });
  }
  return [x, y];
}

/** The correlation of the ranks of two lists; null where all values of one are equal. */
export async function spearman(x: Float64Array, y: Float64Array): Promise<number | null> {
  const [a, b] = [await midranks(x), await midranks(y)];
  const mean = (x.length - 1) / 2;
  let covariance = 0;
  let spreadA = 0;
  let spreadB = 0;
  for (let i = 0; i < x.length; i++) {
    covariance += (a[i] - mean) * (b[i] - mean);
    spreadA += (a[i] - mean) ** 2;
    spreadB += (b[i] - mean) ** 2;
  }
  if (spreadA === 0 || spreadB === 0) return null;
  return Math.max(-1, Math.min(1, covariance / Math.sqrt(spreadA * spreadB)));
}

/** Rank of each value, from 0 on; equal values have the mean of their ranks. */
async function midranks(values: Float64Array): Promise<Float64Array> {
  const sorted = values.slice().sort();
  const ranks = new Float64Array(values.length);
  await inPieces(
    values.length,
    (begin, end) => {
      for (let i = begin; i < end; i++) {
        const first = countBelow(sorted, (other) => other < values[i]);
        const behind = countBelow(sorted, (other) => other <= values[i]);
        ranks[i] = (first + behind - 1) / 2;
      }
    },
    PIECE,
  );
  return ranks;
}

/** How many of the sorted values are on the near side of a bound. */
function countBelow(sorted: Float64Array, isBelow: (value: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBelow(sorted[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}

import { setImmediate } from 'node:timers/promises';
import { inPieces } from '../memory/pieces.js';
import type { Units } from '../selection/units.js';

/** Units that ranks are compared of at most: beyond, every k-th one, a standard error of 0.004. */
export const MOST_RANKED = 2 ** 16;

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

/** The correlation of the ranks of two lists of values ≥ 0; null where all of one are equal. */
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
  const order = await ascendingOrder(values);
  await setImmediate();
  const ranks = new Float64Array(values.length);
  for (let first = 0, behind = 0; first < order.length; first = behind) {
    const value = values[order[first]];
    while (behind < order.length && values[order[behind]] === value) behind++;
    for (let at = first; at < behind; at++) ranks[order[at]] = (first + behind - 1) / 2;
  }
  return ranks;
}

const DIGITS = 65536;

/**
 * Indices of values ≥ 0 from the smallest on: a radix sort over the 16-bit digits of their bits, from the
 * lowest up, ten times as fast here as sorting by comparison and searching.
 */
async function ascendingOrder(values: Float64Array): Promise<Uint32Array> {
  const digits = new Uint16Array(values.slice().buffer);
  let order = Uint32Array.from(values.keys());
  let next = new Uint32Array(values.length);
  for (let digit = 0; digit < 4; digit++) {
    await setImmediate();
    const place = new Uint32Array(DIGITS);
    for (let i = digit; i < digits.length; i += 4) place[digits[i]]++;
    for (let d = 0, before = 0; d < DIGITS; d++) {
      const count = place[d];
      place[d] = before;
      before += count;
    }
    for (const i of order) next[place[digits[4 * i + digit]]++] = i;
    [order, next] = [next, order];
  }
  return order;
}

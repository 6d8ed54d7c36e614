import type { AccumulateJob, Status } from '../kernels.js';
import { stateAt } from './block-factor.js';
import { blockDone, CANCELLED, cancelled, DONE } from './control.js';
import { gather } from './gather.js';
import { packedRow } from './packed-triangle.js';
import { scratch, widestBlock } from './scratch.js';

/** Samples that are summed apart before they are added to the state. */
const PANEL = 128;

/** Columns that stand side by side in a panel: the width of a tile. */
const STRIP = 4;

/**
 * gram: S += Σ g gᵀ, N·B(B+1) flops a block. The samples of a block are packed, 128 at a time, in
 * strips of four columns; then S is made in tiles of 2×4, eight sums in registers, each sample's six
 * values loaded once for eight products. (Measured at B = 100: 2×4, 3×3, 3×4 and 4×4 are within a
 * tenth of each other; 2×4 wastes the fewest products above the diagonal.)
 */
export function accumulateGram(job: AccumulateJob): Status {
  const { starts, from, to, count, control, states } = job;
  const widest = widestBlock(starts, from, to);
  const panel = scratch('panel', PANEL * stripsOf(widest) * STRIP);
  const row = scratch('row', widest);
  const sums = scratch('sums', widest);
  for (let block = from; block < to; block++) {
    const begin = starts[block];
    const order = starts[block + 1] - begin;
    const rowTo = job.rowTo === 0 ? order : job.rowTo;
    const at = stateAt(job, block);
    for (let n = 0; n < count; n += PANEL) {
      const depth = Math.min(PANEL, count - n);
      if (!pack(job, begin, order, n, depth, panel, row, sums)) return CANCELLED;
      for (let c = job.rowFrom; c < rowTo; c++) job.gradientSum[begin + c] += sums[c];
      if (!addRows(job, at, panel, depth, rowTo)) return CANCELLED;
    }
    for (let i = job.rowFrom; i < rowTo; i++) {
      job.squareSum[begin + i] = states[at + packedRow(i) + i];
    }
    blockDone(control);
  }
  return DONE;
}

/** Strips of a block, with at least one column of zeros behind its last: the other row of a pair. */
function stripsOf(order: number): number {
  return Math.floor(order / STRIP) + 1;
}

/** Where column c of a panel of `depth` samples begins; its next sample is STRIP places further on. */
function columnAt(c: number, depth: number): number {
  return (c - (c % STRIP)) * depth + (c % STRIP);
}

/** Samples [first, first + depth) of a block in strips, and sums[c] = Σ_n g(n, c). */
function pack(
  job: AccumulateJob,
  begin: number,
  order: number,
  first: number,
  depth: number,
  panel: Float64Array,
  row: Float64Array,
  sums: Float64Array,
): boolean {
  const strip = STRIP * depth;
  const last = (stripsOf(order) - 1) * strip;
  panel.fill(0, last, last + strip);
  sums.fill(0, 0, order);
  for (let n = 0; n < depth; n++) {
    if (cancelled(job.control)) return false;
    gather(job, begin, order, first + n, row, 0);
    for (let c = 0, p = STRIP * n; c < order; p += strip) {
      for (const end = Math.min(c + STRIP, order), lane = p - c; c < end; c++) {
        const g = row[c];
        panel[lane + c] = g;
        sums[c] += g;
      }
    }
  }
  return true;
}

const tile = new Float64Array(2 * STRIP);

/** Rows [rowFrom, rowTo) of the triangle at `at`: S(i, j) += Σ_n panel(n, i) panel(n, j). */
function addRows(
  { states, lowOrder, control, rowFrom }: AccumulateJob,
  at: number,
  panel: Float64Array,
  depth: number,
  rowTo: number,
): boolean {
  for (let i = rowFrom; i < rowTo; i += 2) {
    if (cancelled(control)) return false;
    const last = Math.min(i + 1, rowTo - 1);
    const row = columnAt(i, depth);
    const next = columnAt(i + 1, depth) - row;
    for (let j = 0; j <= last; j += STRIP) {
      multiplyTile(panel, depth, row, next, j * depth);
      addTile(states, lowOrder, at + packedRow(i) + j, 0, i - j);
      if (last > i) addTile(states, lowOrder, at + packedRow(last) + j, STRIP, last - j);
    }
  }
  return true;
}

/** tile = two columns of the panel, at `a` and `a + next`, times the strip at b. */
function multiplyTile(panel: Float64Array, depth: number, a: number, next: number, b: number) {
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  for (let p = a, q = b, end = b + STRIP * depth; q < end; p += STRIP, q += STRIP) {
    const a0 = panel[p];
    const a1 = panel[p + next];
    const b0 = panel[q];
    const b1 = panel[q + 1];
    const b2 = panel[q + 2];
    const b3 = panel[q + 3];
    s00 += a0 * b0;
    s01 += a0 * b1;
    s02 += a0 * b2;
    s03 += a0 * b3;
    s10 += a1 * b0;
    s11 += a1 * b1;
    s12 += a1 * b2;
    s13 += a1 * b3;
  }
  tile[0] = s00;
  tile[1] = s01;
  tile[2] = s02;
  tile[3] = s03;
  tile[4] = s10;
  tile[5] = s11;
  tile[6] = s12;
  tile[7] = s13;
}

/** Adds tile[from …] to four entries of S at `at`, or to the first `last + 1` of them. */
function addTile(
  states: Float64Array,
  lowOrder: Float64Array,
  at: number,
  from: number,
  last: number,
): void {
  const width = Math.min(STRIP, last + 1);
  if (lowOrder.length === 0) {
    for (let k = 0; k < width; k++) states[at + k] += tile[from + k];
    return;
  }
  // What rounding takes away is kept in lowOrder (two-sum, Knuth).
  for (let k = 0; k < width; k++) {
    const s = states[at + k];
    const y = tile[from + k] + lowOrder[at + k];
    const sum = s + y;
    const yPart = sum - s;
    lowOrder[at + k] = s - (sum - yPart) + (y - yPart);
    states[at + k] = sum;
  }
}

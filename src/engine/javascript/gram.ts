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
 * Columns of a group of blocks that are packed together: small blocks alone would read a few hundred
 * bytes of each of 128 distant rows. A panel of a group is 512 KB and stays in the second-level cache.
 */
const GROUP_COLUMNS = 512;

/** What is packed at a time. */
interface Panel {
  /** Block after block; of each, strips of four columns, sample after sample. */
  strips: Float64Array;
  /** One sample of the group. */
  row: Float64Array;
  /** Σ g of the panel's samples, by weight of the group. */
  sums: Float64Array;
}

/**
 * gram: S += Σ g gᵀ, N·B(B+1) flops a block. Samples are packed, 128 at a time, in strips of four
 * columns; then S is made in tiles of 2×4, eight sums in registers, each sample's six values loaded
 * once for eight products. (Measured: tiles of 3×3, 3×4 and 4×4 are as fast to a tenth, 2×4 makes the
 * fewest products above the diagonal.)
 */
export function accumulateGram(job: AccumulateJob): Status {
  const { starts, from, to, count, control, states, rowFrom, gradientSum, squareSum } = job;
  const width = Math.max(GROUP_COLUMNS, widestBlock(starts, from, to));
  const panel = {
    strips: scratch('panel', PANEL * STRIP * 2 * Math.ceil(width / STRIP)),
    row: scratch('row', width),
    sums: scratch('sums', width),
  };
  for (let first = from, last = from; first < to; first = last) {
    last = groupEnd(job, first);
    const begin = starts[first];
    const rowsOf = (block: number) => (job.rowTo === 0 ? starts[block + 1] - starts[block] : job.rowTo);
    for (let n = 0; n < count; n += PANEL) {
      const depth = Math.min(PANEL, count - n);
      if (!pack(job, first, last, n, depth, panel)) return CANCELLED;
      for (let block = first; block < last; block++) {
        const offset = starts[block] - begin;
        for (let c = offset + rowFrom; c < offset + rowsOf(block); c++) {
          gradientSum[begin + c] += panel.sums[c];
        }
        const at = panelAt(job, first, block, depth);
        if (!addRows(job, stateAt(job, block), panel.strips, at, depth, rowsOf(block))) {
          return CANCELLED;
        }
      }
    }
    for (let block = first; block < last; block++) {
      for (let i = rowFrom; i < rowsOf(block); i++) {
        squareSum[starts[block] + i] = states[stateAt(job, block) + packedRow(i) + i];
      }
      blockDone(control);
    }
  }
  return DONE;
}

function groupEnd({ starts, to }: AccumulateJob, first: number): number {
  let last = first + 1;
  while (last < to && starts[last + 1] - starts[first] <= GROUP_COLUMNS) last++;
  return last;
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

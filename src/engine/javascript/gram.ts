import type { AccumulateJob, Status } from '../kernels.js';
import { stateAt } from './block-factor.js';
import { blockDone, CANCELLED, cancelled, DONE } from './control.js';
import { packedRow } from './packed-triangle.js';
import { columnAt, PANEL_SAMPLES, type PanelShape, pack, panelShape, panelSize } from './panel.js';
import { scratch, widestBlock } from './scratch.js';

/**
 * gram: S += Σ g gᵀ, N·B(B+1) flops a block, in tiles of 2×4: eight sums in registers, each sample's
 * six values loaded once for eight products. (Measured: tiles of 3×3, 3×4 and 4×4 are as fast to a
 * tenth; 2×4 makes the fewest products above the diagonal.)
 */
export function accumulateGram(job: AccumulateJob): Status {
  const { starts, from, to, count, control, states, rowFrom, gradientSum, squareSum } = job;
  const widest = widestBlock(starts, from, to);
  const panel = scratch('panel', panelSize(widest));
  const sums = scratch('sums', widest);
  for (let block = from; block < to; block++) {
    const begin = starts[block];
    const order = starts[block + 1] - begin;
    const rowTo = job.rowTo === 0 ? order : job.rowTo;
    const at = stateAt(job, block);
    for (let n = 0; n < count; n += PANEL_SAMPLES) {
      const shape = panelShape(order, Math.min(PANEL_SAMPLES, count - n));
      sums.fill(0, 0, order);
      if (!pack(job, begin, order, n, shape, panel, sums)) return CANCELLED;
      for (let i = rowFrom; i < rowTo; i++) gradientSum[begin + i] += sums[i];
      if (!addRows(job, at, panel, shape, rowTo)) return CANCELLED;
    }
    for (let i = rowFrom; i < rowTo; i++) squareSum[begin + i] = states[at + packedRow(i) + i];
    blockDone(control);
  }
  return DONE;
}

/** Four columns side by side for each of two rows. */
const TILE = 4;

const tile = new Float64Array(2 * TILE);

/** Rows [rowFrom, rowTo) of the triangle at `at`: S(i, j) += Σ_n g(n, i) g(n, j). */
function addRows(
  { states, lowOrder, control, rowFrom }: AccumulateJob,
  at: number,
  panel: Float64Array,
  shape: PanelShape,
  rowTo: number,
): boolean {
  for (let i = rowFrom; i < rowTo; i += 2) {
    if (cancelled(control)) return false;
    const last = Math.min(i + 1, rowTo - 1);
    const row = columnAt(shape, i);
    const next = columnAt(shape, i + 1) - row;
    for (let j = 0; j <= last; j += 4) {
      multiplyTile(panel, shape, row, next, columnAt(shape, j));
      addTile(states, lowOrder, at + packedRow(i) + j, 0, i - j);
      if (last > i) addTile(states, lowOrder, at + packedRow(last) + j, TILE, last - j);
    }
  }
  return true;
}

/** tile = two columns of the panel, at `a` and `a + next`, times four at b. */
function multiplyTile(
  panel: Float64Array,
  { depth, width }: PanelShape,
  a: number,
  next: number,
  b: number,
): void {
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  for (let p = a, q = b, end = b + depth * width; q < end; p += width, q += width) {
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
  const width = Math.min(TILE, last + 1);
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

import type { AccumulateJob, Status } from '../kernels.js';
import { blockDone, CANCELLED, cancelled, DONE } from './control.js';
import { gather } from './gather.js';
import { packedRow } from './packed-triangle.js';
import { scratch, widestBlock } from './scratch.js';

/** Samples that are summed apart before they are added to the state. */
const PANEL = 128;

/**
 * gram: S += Σ g gᵀ, N·B(B+1) flops a block. Rows of S are taken by twos and columns by fours: eight
 * sums in registers, each sample's six values loaded once for eight products.
 */
export function accumulateGram(job: AccumulateJob): Status {
  const { starts, from, to, count, control, states, firstBlock, stride } = job;
  const panel = scratch('panel', PANEL * widestBlock(starts, from, to));
  for (let block = from; block < to; block++) {
    const begin = starts[block];
    const order = starts[block + 1] - begin;
    const rowTo = job.rowTo === 0 ? order : job.rowTo;
    const at = (block - firstBlock) * stride;
    for (let n = 0; n < count; n += PANEL) {
      if (cancelled(control)) return CANCELLED;
      const depth = Math.min(PANEL, count - n);
      gather(job, begin, order, n, depth, panel);
      sumColumns(panel, depth, order, job.rowFrom, rowTo, job.gradientSum, begin);
      if (!addRows(job, at, panel, depth, order, rowTo)) return CANCELLED;
    }
    for (let i = job.rowFrom; i < rowTo; i++) {
      job.squareSum[begin + i] = states[at + packedRow(i) + i];
    }
    blockDone(control);
  }
  return DONE;
}

/** sums[begin + c] += Σ_n panel(n, c) for columns [from, to). */
export function sumColumns(
  panel: Float64Array,
  depth: number,
  order: number,
  from: number,
  to: number,
  sums: Float64Array,
  begin: number,
): void {
  for (let c = from; c < to; c++) {
    let sum = 0;
    for (let n = 0; n < depth; n++) sum += panel[n * order + c];
    sums[begin + c] += sum;
  }
}

/** Rows [rowFrom, rowTo) of the triangle at `at`: S(i, j) += Σ_n panel(n, i) panel(n, j). */
function addRows(
  { states, lowOrder, control, rowFrom }: AccumulateJob,
  at: number,
  panel: Float64Array,
  depth: number,
  order: number,
  rowTo: number,
): boolean {
  for (let i = rowFrom; i < rowTo; i += 2) {
    if (cancelled(control)) return false;
    const row0 = at + packedRow(i);
    const row1 = at + packedRow(i + 1);
    const second = i + 1 < rowTo;
    // With an odd number of rows the last pair is one row twice, of which one is dropped.
    const next = second ? 1 : 0;
    const last = i + next;
    let j = 0;
    for (; j + 3 <= i; j += 4) {
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      for (let p = 0, end = depth * order; p < end; p += order) {
        const a0 = panel[p + i];
        const a1 = panel[p + i + next];
        const b0 = panel[p + j];
        const b1 = panel[p + j + 1];
        const b2 = panel[p + j + 2];
        const b3 = panel[p + j + 3];
        s00 += a0 * b0;
        s01 += a0 * b1;
        s02 += a0 * b2;
        s03 += a0 * b3;
        s10 += a1 * b0;
        s11 += a1 * b1;
        s12 += a1 * b2;
        s13 += a1 * b3;
      }
      add(states, lowOrder, row0 + j, s00);
      add(states, lowOrder, row0 + j + 1, s01);
      add(states, lowOrder, row0 + j + 2, s02);
      add(states, lowOrder, row0 + j + 3, s03);
      if (!second) continue;
      add(states, lowOrder, row1 + j, s10);
      add(states, lowOrder, row1 + j + 1, s11);
      add(states, lowOrder, row1 + j + 2, s12);
      add(states, lowOrder, row1 + j + 3, s13);
    }
    for (; j <= last; j++) {
      let s0 = 0;
      let s1 = 0;
      for (let p = 0, end = depth * order; p < end; p += order) {
        const b = panel[p + j];
        s0 += panel[p + i] * b;
        s1 += panel[p + i + next] * b;
      }
      if (j <= i) add(states, lowOrder, row0 + j, s0);
      if (second) add(states, lowOrder, row1 + j, s1);
    }
  }
  return true;
}

/** S += value. With `lowOrder`, what rounding took away is kept there (two-sum, Knuth). */
function add(states: Float64Array, lowOrder: Float64Array, at: number, value: number): void {
  if (lowOrder.length === 0) {
    states[at] += value;
    return;
  }
  const s = states[at];
  const y = value + lowOrder[at];
  const sum = s + y;
  const yPart = sum - s;
  lowOrder[at] = s - (sum - yPart) + (y - yPart);
  states[at] = sum;
}

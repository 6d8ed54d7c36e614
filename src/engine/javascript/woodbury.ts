import type { AccumulateJob, Status } from '../kernels.js';
import { addSums } from './add-sums.js';
import { ofBlock, stateAt } from './block-factor.js';
import { factor } from './cholesky.js';
import { blockDone, CANCELLED, cancelled, DONE } from './control.js';
import { gather } from './gather.js';
import { multiplySymmetric, packedRow } from './packed-triangle.js';
import { scratch, widestBlock } from './scratch.js';

/** Samples of a step at most: the error of one step grows with them. */
const STEP = 16;

/**
 * woodbury: with G the k×B matrix of a step's samples and V = G P,
 * P ← P − Vᵀ (N·I + V Gᵀ)⁻¹ V (Singh & Alistarh 2020, section 3.1, for k samples at once).
 */
export function accumulateWoodbury(job: AccumulateJob): Status {
  const { starts, from, to, count, control } = job;
  const g = scratch('panel', STEP * widestBlock(starts, from, to));
  for (let block = from; block < to; block++) {
    const begin = starts[block];
    const order = starts[block + 1] - begin;
    for (let n = 0; n < count; n += STEP) {
      if (cancelled(control)) return CANCELLED;
      const rows = Math.min(STEP, count - n);
      for (let k = 0; k < rows; k++) {
        gather(job, begin, order, n + k, g, k * order);
        addSums(job, begin, order, g, k * order);
      }
      const status = step(job, stateAt(job, block), order, g, rows);
      if (status.outcome !== 'done') return ofBlock(status, block);
    }
    blockDone(control);
  }
  return DONE;
}

function step(
  { states, samples, control }: AccumulateJob,
  at: number,
  order: number,
  g: Float64Array,
  rows: number,
): Status {
  const v = scratch('product', rows * order);
  for (let n = 0; n < rows; n++) {
    const row = v.subarray(n * order, (n + 1) * order);
    const sample = g.subarray(n * order, (n + 1) * order);
    if (!multiplySymmetric(states, at, order, sample, row, control)) return CANCELLED;
  }
  const m = new Float64Array(rows * rows); // N·I + V Gᵀ, lower triangle
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = i === j ? samples : 0;
      for (let c = 0; c < order; c++) sum += v[i * order + c] * g[j * order + c];
      m[i * rows + j] = sum;
    }
  }
  const outcome = factor(m, rows, control);
  if (outcome === 'cancelled') return CANCELLED;
  if (outcome !== 'done') return { outcome: 'not-positive-definite', pivot: outcome.pivot };
  // W = L⁻¹ V, so that Vᵀ M⁻¹ V = Wᵀ W.
  for (let n = 0; n < rows; n++) {
    for (let k = 0; k < n; k++) {
      const l = m[n * rows + k];
      for (let c = 0; c < order; c++) v[n * order + c] -= l * v[k * order + c];
    }
    for (let c = 0; c < order; c++) v[n * order + c] /= m[n * rows + n];
  }
  return subtractProducts(states, at, order, v, rows, control) ? DONE : CANCELLED;
}

/** P(i, j) −= Σ_n W(n, i) W(n, j) for j ≤ i. */
function subtractProducts(
  states: Float64Array,
  at: number,
  order: number,
  w: Float64Array,
  rows: number,
  control: Int32Array,
): boolean {
  const sums = scratch('row', order);
  for (let i = 0; i < order; i++) {
    if ((i & 15) === 0 && cancelled(control)) return false;
    sums.fill(0, 0, i + 1);
    for (let n = 0; n < rows; n++) {
      const wi = w[n * order + i];
      for (let j = 0; j <= i; j++) sums[j] += wi * w[n * order + j];
    }
    const row = at + packedRow(i);
    for (let j = 0; j <= i; j++) states[row + j] -= sums[j];
  }
  return true;
}

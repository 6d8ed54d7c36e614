import type { AccumulateJob, StateRange, Status } from '../kernels.js';
import { addSums } from './add-sums.js';
import { dot, factor, solveSymmetric } from './cholesky.js';
import { blockDone, CANCELLED, cancelled, DONE, Stop } from './control.js';
import { gather } from './gather.js';
import { scratch, widestBlock } from './scratch.js';

/** dual: samples are kept as they come, a block's behind one another; see Dual for what they are for. */
export function accumulateDual(job: AccumulateJob): Status {
  const { starts, from, to, count, control, stored = 0 } = job;
  const row = scratch('row', widestBlock(starts, from, to));
  for (let block = from; block < to; block++) {
    const begin = starts[block];
    const order = starts[block + 1] - begin;
    const rows = rowsOf(job, block);
    for (let n = 0; n < count; n++) {
      if (cancelled(control)) return CANCELLED;
      gather(job, begin, order, n, row, 0);
      const at = (stored + n) * order;
      for (let c = 0; c < order; c++) {
        rows[at + c] = row[c];
        row[c] = rows[at + c]; // the product of two factors is rounded: what is summed is what is kept
      }
      addSums(job, begin, order, row, 0);
    }
    blockDone(control);
  }
  return DONE;
}

/** The samples of a block, [samples, order]. */
export function rowsOf({ rows, blockOrder = 0, samples, firstBlock }: StateRange, block: number) {
  if (rows === undefined) throw new TypeError('solver dual keeps rows');
  return rows.subarray((block - firstBlock) * samples * blockOrder);
}

/**
 * dual: with G the N×B samples of a block and M = NλI + G Gᵀ = L Lᵀ, W = L⁻¹ G,
 * F⁻¹ = (I − Wᵀ W)/λ, so that no B×B matrix is formed. For N < B.
 */
export class Dual {
  readonly #rows: Float32Array;
  readonly #l: Float64Array;
  readonly #y: Float64Array;
  readonly #order: number;
  readonly #range: StateRange;

  constructor(range: StateRange, block: number) {
    this.#range = range;
    this.#order = range.starts[block + 1] - range.starts[block];
    this.#rows = rowsOf(range, block);
    this.#l = scratch('factor', range.samples ** 2);
    this.#y = scratch('samples', range.samples);
  }

  /** L of M over the columns `index`, or over all of them. */
  factor(index?: Uint32Array): Status {
    const { samples, damping, control } = this.#range;
    const columns = index === undefined ? this.#order : index.length;
    const g = scratch('panel', samples * columns);
    const stop = new Stop(control);
    for (let n = 0; n < samples; n++) {
      const row = n * this.#order;
      for (let c = 0; c < columns; c++) {
        g[n * columns + c] = this.#rows[row + (index === undefined ? c : index[c])];
      }
      if (stop.after(columns)) return CANCELLED;
    }
    for (let i = 0; i < samples; i++) {
      for (let j = 0; j <= i; j++) {
        const product = dot(g, i * columns, j * columns, columns);
        this.#l[i * samples + j] = i === j ? samples * damping + product : product;
        if (stop.after(columns)) return CANCELLED;
      }
    }
    const outcome = factor(this.#l, samples, control);
    if (outcome === 'done') return DONE;
    if (outcome === 'cancelled') return CANCELLED;
    return { outcome: 'not-positive-definite', pivot: outcome.pivot };
  }

  /** W = L⁻¹ G, row-major [samples, order]. False: cancelled. */
  solveSamples(w: Float64Array): boolean {
    const { samples, control } = this.#range;
    const order = this.#order;
    const stop = new Stop(control);
    for (let n = 0; n < samples; n++) {
      const row = n * order;
      for (let c = 0; c < order; c++) w[row + c] = this.#rows[row + c];
      for (let m = 0; m < n; m++) {
        const l = this.#l[n * samples + m];
        for (let c = 0; c < order; c++) w[row + c] -= l * w[m * order + c];
        if (stop.after(order)) return false;
      }
      const pivot = this.#l[n * samples + n];
      for (let c = 0; c < order; c++) w[row + c] /= pivot;
    }
    return true;
  }

  /** y = Gᵀ M⁻¹ (G x − step·1) by the factor that is there. False: cancelled. */
  project(x: Float64Array, y: Float64Array, step = 0): boolean {
    const { samples, control } = this.#range;
    if (!this.#multiply(x)) return false;
    for (let n = 0; n < samples; n++) this.#y[n] -= step;
    if (!solveSymmetric(this.#l, samples, this.#y, control)) return false;
    const stop = new Stop(control);
    y.fill(0, 0, this.#order);
    for (let n = 0; n < samples; n++) {
      const row = n * this.#order;
      const yn = this.#y[n];
      for (let c = 0; c < this.#order; c++) y[c] += yn * this.#rows[row + c];
      if (stop.after(this.#order)) return false;
    }
    return true;
  }

  /** y = F⁻¹ x by the factor of all columns. False: cancelled. */
  applyInverse(x: Float64Array, y: Float64Array): boolean {
    if (!this.project(x, y)) return false;
    for (let c = 0; c < this.#order; c++) y[c] = (x[c] - y[c]) / this.#range.damping;
    return true;
  }

  /** y = F x = λx + Gᵀ G x / N. False: cancelled. */
  apply(x: Float64Array, y: Float64Array): boolean {
    const { samples, damping, control } = this.#range;
    if (!this.#multiply(x)) return false;
    const stop = new Stop(control);
    for (let c = 0; c < this.#order; c++) y[c] = damping * x[c];
    for (let n = 0; n < samples; n++) {
      const row = n * this.#order;
      const yn = this.#y[n] / samples;
      for (let c = 0; c < this.#order; c++) y[c] += yn * this.#rows[row + c];
      if (stop.after(this.#order)) return false;
    }
    return true;
  }

  /** xᵀFx = λ|x|² + |Gx|²/N. Undefined: cancelled. */
  quadraticForm(x: Float64Array): number | undefined {
    const { samples, damping } = this.#range;
    if (!this.#multiply(x)) return undefined;
    return damping * dot(x, 0, 0, this.#order) + dot(this.#y, 0, 0, samples) / samples;
  }

  /** #y = G x. False: cancelled. */
  #multiply(x: Float64Array): boolean {
    const stop = new Stop(this.#range.control);
    for (let n = 0; n < this.#range.samples; n++) {
      const row = n * this.#order;
      let sum = 0;
      for (let c = 0; c < this.#order; c++) sum += this.#rows[row + c] * x[c];
      this.#y[n] = sum;
      if (stop.after(this.#order)) return false;
    }
    return true;
  }
}

/** d = diag(F⁻¹) of a block; `w` holds L⁻¹ G afterwards. */
export function dualDiagonal(
  range: StateRange,
  block: number,
  w: Float64Array,
  d: Float64Array,
): Status {
  const { starts, samples, damping, control } = range;
  const order = starts[block + 1] - starts[block];
  const dual = new Dual(range, block);
  const status = dual.factor();
  if (status.outcome !== 'done') return { ...status, block };
  if (!dual.solveSamples(w)) return CANCELLED;
  const stop = new Stop(control);
  d.fill(0, 0, order);
  for (let n = 0; n < samples; n++) {
    for (let c = 0; c < order; c++) d[c] += w[n * order + c] ** 2;
    if (stop.after(order)) return CANCELLED;
  }
  for (let c = 0; c < order; c++) {
    d[c] = (1 - d[c]) / damping;
    if (!(d[c] > 0) || !Number.isFinite(d[c])) {
      return { outcome: 'not-positive-definite', block, pivot: c };
    }
  }
  return DONE;
}

import type { AccumulateJob, StateRange, Status } from '../kernels.js';
import { factor, solveSymmetric } from './cholesky.js';
import { blockDone, CANCELLED, cancelled, DONE } from './control.js';
import { gather } from './gather.js';
import { scratch, widestBlock } from './scratch.js';
import { addSums } from './woodbury.js';

/**
 * dual: with G the N×B samples of a block and M = NλI + G Gᵀ = L Lᵀ, W = L⁻¹ G,
 * F⁻¹ = (I − Wᵀ W)/λ, so that no B×B matrix is formed. For N < B.
 */
export function accumulateDual(job: AccumulateJob): Status {
  const { starts, from, to, count, control, stored = 0 } = job;
  const row = scratch('panel', widestBlock(starts, from, to));
  for (let block = from; block < to; block++) {
    const begin = starts[block];
    const order = starts[block + 1] - begin;
    const rows = rowsOf(job, block);
    for (let n = 0; n < count; n++) {
      if (cancelled(control)) return CANCELLED;
      gather(job, begin, order, n, row, 0);
      addSums(job, begin, order, row, 0);
      const at = (stored + n) * order;
      for (let c = 0; c < order; c++) rows[at + c] = row[c];
    }
    blockDone(control);
  }
  return DONE;
}

/** The samples of a block, [samples, order]. */
function rowsOf({ rows, blockOrder = 0, samples, firstBlock }: StateRange, block: number) {
  if (rows === undefined) throw new TypeError('solver dual keeps rows');
  return rows.subarray((block - firstBlock) * samples * blockOrder);
}

/** The N×N system of one block. */
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
    const packed = scratch('panel', samples * columns);
    for (let n = 0; n < samples; n++) {
      for (let c = 0; c < columns; c++) {
        packed[n * columns + c] =
          this.#rows[n * this.#order + (index === undefined ? c : index[c])];
      }
    }
    for (let i = 0; i < samples; i++) {
      if (cancelled(control)) return CANCELLED;
      for (let j = 0; j <= i; j++) {
        let sum = i === j ? samples * damping : 0;
        for (let c = 0; c < columns; c++) sum += packed[i * columns + c] * packed[j * columns + c];
        this.#l[i * samples + j] = sum;
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
    for (let n = 0; n < samples; n++) {
      if (cancelled(control)) return false;
      for (let c = 0; c < order; c++) w[n * order + c] = this.#rows[n * order + c];
      for (let m = 0; m < n; m++) {
        const l = this.#l[n * samples + m];
        for (let c = 0; c < order; c++) w[n * order + c] -= l * w[m * order + c];
      }
      for (let c = 0; c < order; c++) w[n * order + c] /= this.#l[n * samples + n];
    }
    return true;
  }

  /** y = Gᵀ M⁻¹ G x by the factor that is there. False: cancelled. */
  project(x: Float64Array, y: Float64Array): boolean {
    const { samples, control } = this.#range;
    this.#multiply(x);
    if (!solveSymmetric(this.#l, samples, this.#y, control)) return false;
    y.fill(0, 0, this.#order);
    for (let n = 0; n < samples; n++) {
      for (let c = 0; c < this.#order; c++) y[c] += this.#y[n] * this.#rows[n * this.#order + c];
    }
    return true;
  }

  /** y = F⁻¹ x by the factor of all columns. False: cancelled. */
  applyInverse(x: Float64Array, y: Float64Array): boolean {
    if (!this.project(x, y)) return false;
    for (let c = 0; c < this.#order; c++) y[c] = (x[c] - y[c]) / this.#range.damping;
    return true;
  }

  /** xᵀFx = λ|x|² + |Gx|²/N */
  quadraticForm(x: Float64Array): number {
    const { samples, damping } = this.#range;
    this.#multiply(x);
    let squares = 0;
    for (let n = 0; n < samples; n++) squares += this.#y[n] ** 2;
    let norm = 0;
    for (let c = 0; c < this.#order; c++) norm += x[c] ** 2;
    return damping * norm + squares / samples;
  }

  #multiply(x: Float64Array): void {
    for (let n = 0; n < this.#range.samples; n++) {
      let sum = 0;
      for (let c = 0; c < this.#order; c++) sum += this.#rows[n * this.#order + c] * x[c];
      this.#y[n] = sum;
    }
  }
}

/** d = diag(F⁻¹) of a block; `w` holds L⁻¹ G afterwards. */
export function dualDiagonal(
  range: StateRange,
  block: number,
  w: Float64Array,
  d: Float64Array,
): Status {
  const order = range.starts[block + 1] - range.starts[block];
  const dual = new Dual(range, block);
  const status = dual.factor();
  if (status.outcome !== 'done') return { ...status, block };
  if (!dual.solveSamples(w)) return CANCELLED;
  for (let c = 0; c < order; c++) {
    let squares = 0;
    for (let n = 0; n < range.samples; n++) squares += w[n * order + c] ** 2;
    d[c] = (1 - squares) / range.damping;
    if (!(d[c] > 0) || !Number.isFinite(d[c])) {
      return { outcome: 'not-positive-definite', block, pivot: c };
    }
  }
  return DONE;
}

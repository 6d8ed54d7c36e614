import type { InvertJob, Status } from '../kernels.js';
import { factorFisher, stateAt } from './block-factor.js';
import { factorDiagonal, solveSymmetric } from './cholesky.js';
import { blockDone, CANCELLED, cancelled, DONE } from './control.js';
import { Dual, dualDiagonal } from './dual.js';
import { multiplySymmetric, packedRow } from './packed-triangle.js';
import { probe, residualOf } from './residual.js';
import { scratch, widestBlock } from './scratch.js';

/** D = diag(F⁻¹) of each block, and a bound of its condition. */
export function invert(job: InvertJob): Status {
  const { starts, from, to, control, solver } = job;
  const widest = solver === 'woodbury' ? 0 : widestBlock(starts, from, to);
  const l = scratch('factor', widest * widest);
  const v = scratch('inverse factor', widest * (solver === 'dual' ? job.samples : widest));
  for (let block = from; block < to; block++) {
    if (cancelled(control)) return CANCELLED;
    const status = solver === 'woodbury' ? byInverse(job, block) : byFactor(job, block, l, v);
    if (status.outcome !== 'done') return status;
    job.condition[block] = conditionBound(job, block);
    if (!measureResidual(job, block, l)) return CANCELLED;
    blockDone(control);
  }
  return DONE;
}

/** gram and dual: D is made beside, so that a block that fails keeps the one it had. */
function byFactor(job: InvertJob, block: number, l: Float64Array, v: Float64Array): Status {
  const { starts, diagonal, control, solver } = job;
  const n = starts[block + 1] - starts[block];
  const d = scratch('diagonal', n);
  let status: Status;
  if (solver === 'dual') {
    status = dualDiagonal(job, block, v, d);
  } else {
    status = factorFisher(job, block, l);
    if (status.outcome === 'done' && !factorDiagonal(l, n, v, d, control)) status = CANCELLED;
  }
  if (status.outcome === 'done') diagonal.set(d.subarray(0, n), starts[block]);
  return status;
}

/** woodbury: D is the diagonal of P. */
function byInverse(job: InvertJob, block: number): Status {
  const { starts, states, diagonal } = job;
  const order = starts[block + 1] - starts[block];
  const at = stateAt(job, block);
  for (let j = 0; j < order; j++) {
    const d = states[at + packedRow(j) + j];
    if (!(d > 0) || !Number.isFinite(d)) {
      return { outcome: 'not-positive-definite', block, pivot: j };
    }
  }
  for (let j = 0; j < order; j++) diagonal[starts[block] + j] = states[at + packedRow(j) + j];
  return DONE;
}

/** residual[block] by the factor that is there, where it is wanted. False: cancelled. */
function measureResidual(job: InvertJob, block: number, l: Float64Array): boolean {
  const { starts, states, control, solver, samples, damping, residual } = job;
  if (residual === undefined) return true;
  const order = starts[block + 1] - starts[block];
  residual[block] = Number.NaN;
  if (solver === 'woodbury') return true;
  const x = scratch('x', order);
  const y = scratch('y', order);
  for (let i = 0; i < order; i++) x[i] = probe(i);
  if (solver === 'dual') {
    const dual = new Dual(job, block);
    if (!dual.applyInverse(x, y) || !dual.apply(y, x)) return false;
  } else {
    y.set(x.subarray(0, order));
    if (!solveSymmetric(l, order, y, control)) return false;
    if (!multiplySymmetric(states, stateAt(job, block), order, y, x, control)) return false;
    for (let i = 0; i < order; i++) x[i] = x[i] / samples + damping * y[i];
  }
  residual[block] = residualOf(x, order);
  return true;
}

/** tr(F)·min(1/λ, tr(F⁻¹)) ≥ cond₂(F): every eigenvalue of F is at least λ. */
function conditionBound(job: InvertJob, block: number): number {
  const { starts, squareSum, diagonal, samples, damping } = job;
  let squares = 0;
  let inverseTrace = 0;
  for (let c = starts[block]; c < starts[block + 1]; c++) {
    squares += squareSum[c];
    inverseTrace += diagonal[c];
  }
  const trace = squares / samples + damping * (starts[block + 1] - starts[block]);
  return trace * Math.min(1 / damping, inverseTrace);
}

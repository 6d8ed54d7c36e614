import type { InvertJob, Status } from '../kernels.js';
import { factorFisher, stateAt } from './block-factor.js';
import { factorDiagonal } from './cholesky.js';
import { blockDone, CANCELLED, cancelled, DONE } from './control.js';
import { dualDiagonal } from './dual.js';
import { packedRow } from './packed-triangle.js';
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

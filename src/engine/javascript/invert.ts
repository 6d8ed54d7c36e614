import type { InvertJob, Status } from '../kernels.js';
import { factorFisher, stateAt } from './block-factor.js';
import { invertFactor } from './cholesky.js';
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
    const status = invertBlock(job, block, l, v);
    if (status.outcome !== 'done') return status;
    job.condition[block] = conditionBound(job, block);
    blockDone(control);
  }
  return DONE;
}

function invertBlock(job: InvertJob, block: number, l: Float64Array, v: Float64Array): Status {
  if (job.solver === 'gram') return byFactor(job, block, l, v);
  if (job.solver === 'woodbury') return byInverse(job, block);
  return dualDiagonal(job, block, v, job.diagonal.subarray(job.starts[block]));
}

/** gram: D_j = Σ_i V(i, j)² with V = L⁻¹: sums of squares, never negative. */
function byFactor(job: InvertJob, block: number, l: Float64Array, v: Float64Array): Status {
  const { starts, diagonal, control } = job;
  const begin = starts[block];
  const n = starts[block + 1] - begin;
  const status = factorFisher(job, block, l);
  if (status.outcome !== 'done') return status;
  if (!invertFactor(l, n, v, control)) return CANCELLED;
  diagonal.fill(0, begin, begin + n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) diagonal[begin + j] += v[i * n + j] ** 2;
  }
  return DONE;
}

/** woodbury: D is the diagonal of P. */
function byInverse(job: InvertJob, block: number): Status {
  const { starts, states, diagonal } = job;
  const begin = starts[block];
  const at = stateAt(job, block);
  for (let j = 0; j < starts[block + 1] - begin; j++) {
    const d = states[at + packedRow(j) + j];
    diagonal[begin + j] = d;
    if (!(d > 0) || !Number.isFinite(d))
      return { outcome: 'not-positive-definite', block, pivot: j };
  }
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

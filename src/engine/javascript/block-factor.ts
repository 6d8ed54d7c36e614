import type { StateRange, Status } from '../kernels.js';
import { factor, solveSymmetric } from './cholesky.js';
import { CANCELLED, cancelled, DONE } from './control.js';
import { Dual } from './dual.js';
import { multiplySymmetric, packedRow } from './packed-triangle.js';

/** Where the state of a block begins in `states`. */
export function stateAt({ firstBlock, stride }: StateRange, block: number): number {
  return (block - firstBlock) * stride;
}

/**
 * L with L Lᵀ = packed/divisor + shift·I over the ascending rows `index` of the block's packed
 * matrix (all rows where it is absent).
 */
export function factorPacked(
  { states, control }: StateRange,
  at: number,
  n: number,
  index: Uint32Array | undefined,
  divisor: number,
  shift: number,
  l: Float64Array,
): Status {
  for (let i = 0; i < n; i++) {
    if ((i & 63) === 0 && cancelled(control)) return CANCELLED;
    const row = at + packedRow(index === undefined ? i : index[i]);
    for (let j = 0; j <= i; j++) {
      l[i * n + j] = states[row + (index === undefined ? j : index[j])] / divisor;
    }
    l[i * n + i] += shift;
  }
  const outcome = factor(l, n, control);
  if (outcome === 'done') return DONE;
  if (outcome === 'cancelled') return CANCELLED;
  const pivot = index === undefined ? outcome.pivot : index[outcome.pivot];
  return { outcome: 'not-positive-definite', pivot };
}

/** L with L Lᵀ = F of a block (gram). */
export function factorFisher(range: StateRange, block: number, l: Float64Array): Status {
  const { starts, samples, damping } = range;
  const n = starts[block + 1] - starts[block];
  const at = stateAt(range, block);
  return ofBlock(factorPacked(range, at, n, undefined, samples, damping, l), block);
}

/** y = F⁻¹ x of a block; `l` is scratch for the factor. */
export function applyInverse(
  range: StateRange,
  block: number,
  x: Float64Array,
  y: Float64Array,
  l: Float64Array,
): Status {
  const { starts, control, states, solver } = range;
  const n = starts[block + 1] - starts[block];
  if (solver === 'dual') {
    const dual = new Dual(range, block);
    const status = ofBlock(dual.factor(), block);
    if (status.outcome !== 'done') return status;
    return dual.applyInverse(x, y) ? DONE : CANCELLED;
  }
  if (solver === 'woodbury') {
    const complete = multiplySymmetric(states, stateAt(range, block), n, x, y, control);
    return complete ? DONE : CANCELLED;
  }
  const status = factorFisher(range, block, l);
  if (status.outcome !== 'done') return status;
  y.set(x.subarray(0, n));
  return solveSymmetric(l, n, y, control) ? DONE : CANCELLED;
}

export function ofBlock(status: Status, block: number): Status {
  return status.outcome === 'not-positive-definite' ? { ...status, block } : status;
}

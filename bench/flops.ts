import { blocksOf, type Workload } from './workload.js';

/*
 * Useful work: what the formulas need, whatever a kernel does beside it. A multiply and an add are
 * two flops; of a symmetric matrix one triangle counts.
 */

/** Gram sums: N·B(B+1) a block. */
export function gramFlops(workload: Workload): number {
  const { blockSize: B, samples: N } = workload;
  return blocksOf(workload) * N * B * (B + 1);
}

/** Cholesky and the diagonal of the inverse by the inverse factor: ⅔·B³ a block. */
export function inverseFlops(workload: Workload): number {
  return (blocksOf(workload) * 2 * workload.blockSize ** 3) / 3;
}

/** dual: G·Gᵀ N²B, Cholesky N³/3, W = L⁻¹G N²B, squares 2NB a block. */
export function dualFlops(workload: Workload): number {
  const { blockSize: B, samples: N } = workload;
  return blocksOf(workload) * (2 * N ** 2 * B + N ** 3 / 3 + 2 * N * B);
}

/** Bytes of the state: a packed float64 triangle (dual: the float32 samples), and Σg and Σg². */
export function stateBytes(workload: Workload, solver: 'gram' | 'dual'): number {
  const { weights, blockSize: B, samples: N } = workload;
  const blocks = solver === 'dual' ? 4 * N * weights : blocksOf(workload) * 4 * B * (B + 1);
  return blocks + 16 * weights;
}

/** Bytes of one batch. */
export function batchBytes({ weights, batch }: Workload): number {
  return 4 * weights * batch;
}

/** Bytes that summing must move: every gradient once, the state in and out once a batch. */
export function gramBytes(workload: Workload): number {
  const batches = workload.samples / workload.batch;
  return batches * (batchBytes(workload) + 2 * stateBytes(workload, 'gram'));
}

/** Bytes that the diagonals must move: the state in, D out. */
export function inverseBytes(workload: Workload): number {
  return stateBytes(workload, 'gram') + 8 * workload.weights;
}

/** Bytes that dual must move: every gradient in, out into the state and in again, D out. */
export function dualBytes(workload: Workload): number {
  return 3 * 4 * workload.samples * workload.weights + 8 * workload.weights;
}

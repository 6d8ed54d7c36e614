import { cancelled } from './control.js';

/** Where row i of a packed lower triangle begins; entry (i, j), j ≤ i, is j places further on. */
export function packedRow(i: number): number {
  return (i * (i + 1)) / 2;
}

/** Entry (i, j) of a packed symmetric matrix that begins at `at`. */
export function entry(packed: Float64Array, at: number, i: number, j: number): number {
  return i >= j ? packed[at + packedRow(i) + j] : packed[at + packedRow(j) + i];
}

/** y = A x for the packed symmetric matrix A of order n at `at`. False: cancelled. */
export function multiplySymmetric(
  packed: Float64Array,
  at: number,
  n: number,
  x: Float64Array,
  y: Float64Array,
  control: Int32Array,
): boolean {
  for (let i = 0; i < n; i++) {
    if ((i & 63) === 0 && cancelled(control)) return false;
    const row = at + packedRow(i);
    const xi = x[i];
    let sum = packed[row + i] * xi;
    for (let j = 0; j < i; j++) {
      const a = packed[row + j];
      sum += a * x[j];
      y[j] += a * xi;
    }
    y[i] = sum;
  }
  return true;
}

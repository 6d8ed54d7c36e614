import { cancelled } from './control.js';

/** How a factorisation ended: at a pivot that is not positive and finite, by cancelling, or well. */
export type FactorOutcome = { pivot: number } | 'cancelled' | 'done';

/**
 * Cholesky A = L Lᵀ in place: the lower triangle of the row-major n×n matrix `a` becomes L. About
 * n³/3 flops. Row by row, so that all products run along rows (Higham 2002, algorithm 10.2).
 */
export function factor(a: Float64Array, n: number, control: Int32Array): FactorOutcome {
  let work = 0;
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j < i; j++) {
      a[row + j] = (a[row + j] - dot(a, row, j * n, j)) / a[j * n + j];
      work += j;
      if (work < 1 << 20) continue;
      work = 0;
      if (cancelled(control)) return 'cancelled';
    }
    const pivot = a[row + i] - dot(a, row, row, i);
    if (!(pivot > 0) || !Number.isFinite(pivot)) return { pivot: i };
    a[row + i] = Math.sqrt(pivot);
  }
  return 'done';
}

/** V = L⁻¹, lower, row-major; about n³/3 flops. False: cancelled. */
export function invertFactor(
  l: Float64Array,
  n: number,
  v: Float64Array,
  control: Int32Array,
): boolean {
  for (let i = 0; i < n; i++) {
    if (cancelled(control)) return false;
    const row = i * n;
    v.fill(0, row, row + n);
    // Row i of L V = I: V(i, :) = (e_i − Σ_{k<i} L(i, k) V(k, :)) / L(i, i)
    for (let k = 0; k < i; k++) {
      const factorOfRow = l[row + k];
      const other = k * n;
      for (let j = 0; j <= k; j++) v[row + j] -= factorOfRow * v[other + j];
      if ((k & 1023) === 1023 && cancelled(control)) return false;
    }
    v[row + i] = 1;
    const pivot = l[row + i];
    for (let j = 0; j <= i; j++) v[row + j] /= pivot;
  }
  return true;
}

/** x ← L⁻¹ x */
export function solveLower(
  l: Float64Array,
  n: number,
  x: Float64Array,
  control: Int32Array,
): boolean {
  for (let i = 0; i < n; i++) {
    if ((i & 63) === 0 && cancelled(control)) return false;
    let sum = x[i];
    for (let j = 0; j < i; j++) sum -= l[i * n + j] * x[j];
    x[i] = sum / l[i * n + i];
  }
  return true;
}

/** x ← (L Lᵀ)⁻¹ x */
export function solveSymmetric(
  l: Float64Array,
  n: number,
  x: Float64Array,
  control: Int32Array,
): boolean {
  if (!solveLower(l, n, x, control)) return false;
  for (let i = n - 1; i >= 0; i--) {
    if ((i & 63) === 0 && cancelled(control)) return false;
    x[i] /= l[i * n + i];
    const xi = x[i];
    for (let j = 0; j < i; j++) x[j] -= l[i * n + j] * xi;
  }
  return true;
}

/** Σ_k a[p + k] a[q + k], k < length, in four sums. */
function dot(a: Float64Array, p: number, q: number, length: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let k = 0;
  for (; k + 3 < length; k += 4) {
    s0 += a[p + k] * a[q + k];
    s1 += a[p + k + 1] * a[q + k + 1];
    s2 += a[p + k + 2] * a[q + k + 2];
    s3 += a[p + k + 3] * a[q + k + 3];
  }
  for (; k < length; k++) s0 += a[p + k] * a[q + k];
  return s0 + s1 + (s2 + s3);
}

import { cancelled, Stop } from './control.js';

/** How a factorisation ended: at a pivot that is not positive and finite, by cancelling, or well. */
export type FactorOutcome = { pivot: number } | 'cancelled' | 'done';

/**
 * Cholesky A = L Lᵀ in place: the lower triangle of the row-major n×n matrix `a` becomes L. About
 * n³/3 flops. Row by row, so that all products run along rows (Higham 2002, algorithm 10.2).
 */
export function factor(a: Float64Array, n: number, control: Int32Array): FactorOutcome {
  const stop = new Stop(control);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j < i; j++) {
      a[row + j] = (a[row + j] - dot(a, row, j * n, j)) / a[j * n + j];
      if (stop.after(j)) return 'cancelled';
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
  const stop = new Stop(control);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    v.fill(0, row, row + n);
    // Row i of L V = I: V(i, :) = (e_i − Σ_{k<i} L(i, k) V(k, :)) / L(i, i)
    for (let k = 0; k < i; k++) {
      const factorOfRow = l[row + k];
      const other = k * n;
      for (let j = 0; j <= k; j++) v[row + j] -= factorOfRow * v[other + j];
      if (stop.after(k)) return false;
    }
    v[row + i] = 1;
    const pivot = l[row + i];
    for (let j = 0; j <= i; j++) v[row + j] /= pivot;
  }
  return true;
}

/** d = diag((L Lᵀ)⁻¹): sums of squares, so never negative. V = L⁻¹ is left in `v`. False: cancelled. */
export function factorDiagonal(
  l: Float64Array,
  n: number,
  v: Float64Array,
  d: Float64Array,
  control: Int32Array,
): boolean {
  if (!invertFactor(l, n, v, control)) return false;
  const stop = new Stop(control);
  d.fill(0, 0, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) d[j] += v[i * n + j] ** 2;
    if (stop.after(i)) return false;
  }
  return true;
}

/** A ← Aᵀ. False: cancelled. */
export function transpose(a: Float64Array, n: number, control: Int32Array): boolean {
  const stop = new Stop(control);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const below = a[i * n + j];
      a[i * n + j] = a[j * n + i];
      a[j * n + i] = below;
    }
    if (stop.after(i << 3)) return false; // one cache line a step
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
export function dot(a: Float64Array, p: number, q: number, length: number): number {
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

import { type Dense, norm } from '../../oracle/dense.js';

/** Unit roundoff of float64. */
export const UNIT = 2 ** -53;

/**
 * Relative error that rounding may leave in F⁻¹: 100 · ‖F‖/λ · 2⁻⁵³. ‖F‖/λ ≥ cond(F), and is what the
 * error of woodbury follows, which starts from I/λ.
 */
export function inverseTolerance(f: Dense, lambda: number): number {
  return (100 * norm(f) * UNIT) / lambda;
}

/** The largest |actual − expected| / scale; scale is |expected| where none is given. */
export function largestError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  scale?: number,
): number {
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]);
    if (error === 0) continue;
    worst = Math.max(worst, error / (scale ?? Math.abs(expected[i])));
    if (Number.isNaN(error)) return Number.POSITIVE_INFINITY;
  }
  return worst;
}

export function largest(values: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < values.length; i++) worst = Math.max(worst, Math.abs(values[i]));
  return worst;
}

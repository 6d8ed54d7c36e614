/**
 * diag(F⁻¹) of a symmetric positive definite matrix, the lower triangle of a row-major float64
 * [B, B] which is overwritten: F = LLᵀ, and D_j = Σ_i (L⁻¹)_ij². Plain loops, no blocking.
 *
 * @throws {RangeError} when a pivot is not above 0.
 */
export function inverseDiagonal(F: Float64Array, B: number): Float64Array {
  factorise(F, B);
  const D = new Float64Array(B);
  const column = new Float64Array(B);
  for (let j = 0; j < B; j++) {
    column[j] = 1 / F[j * B + j];
    D[j] = column[j] ** 2;
    for (let i = j + 1; i < B; i++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum += F[i * B + k] * column[k];
      column[i] = -sum / F[i * B + i];
      D[j] += column[i] ** 2;
    }
  }
  return D;
}

/** F = LLᵀ in place, row by row. */
function factorise(F: Float64Array, B: number): void {
  for (let i = 0; i < B; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = F[i * B + j];
      for (let k = 0; k < j; k++) sum -= F[i * B + k] * F[j * B + k];
      if (i !== j) {
        F[i * B + j] = sum / F[j * B + j];
        continue;
      }
      if (!(sum > 0)) throw new RangeError(`pivot ${i} of ${B} must be above 0, but is ${sum}`);
      F[i * B + i] = Math.sqrt(sum);
    }
  }
}

import test from 'ava';
import { cholesky, conditionNumber, inverseDiagonal, scaledFisher } from './double-double.js';

test('the inverse of a matrix that is known exactly, at a condition beyond float64', (t) => {
  // Σ g gᵀ + NλI with g = a·1: (λI + a²·11ᵀ)⁻¹ has the diagonal (1 − a²/(λ + n a²))/λ.
  const n = 7;
  for (const lambda of [1, 2 ** -40, 2 ** -60]) {
    const samples = new Float32Array(n).fill(0.5);
    const factor = cholesky(scaledFisher(samples, n, lambda));
    const exact = (1 - 0.25 / (lambda + n * 0.25)) / lambda;
    for (const d of inverseDiagonal(factor)) {
      t.true(Math.abs(d - exact) <= 2 ** -50 * exact);
    }
    const condition = (lambda + n * 0.25) / lambda;
    t.true(Math.abs(conditionNumber(factor) - condition) <= 1e-3 * condition);
  }
});

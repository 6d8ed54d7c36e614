import test from 'ava';
import {
  cholesky,
  conditionNumber,
  type DoubleDoubleMatrix,
  inverseDiagonal,
  scaledFisher,
} from './double-double.js';

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

function binomial(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= k; i++) value = (value * (n - k + i)) / i;
  return Math.round(value);
}

/** Pascal's matrix, (i + j choose i): of integers, and so is its inverse; determinant 1. */
function pascal(n: number): DoubleDoubleMatrix {
  const hi = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) hi[i * n + j] = binomial(i + j, i);
  return { n, hi, lo: new Float64Array(n * n) };
}

test('the inverse of Pascal, of integers, to the last place at conditions of 1e5 to 1e19', (t) => {
  for (const n of [5, 10, 14, 18]) {
    const d = inverseDiagonal(cholesky(pascal(n)));
    for (let j = 0; j < n; j++) {
      // P = L Lᵀ with L the binomials, and L⁻¹ the same with signs.
      let exact = 0;
      for (let i = j; i < n; i++) exact += binomial(i, j) ** 2;
      t.is(d[j], exact, `${n}, ${j}`);
    }
  }
});

test('the condition of Pascal 5×5 is the square of its largest eigenvalue', (t) => {
  // Eigenvalues of Pascal come in pairs λ, 1/λ; the largest of 5×5 is 92.290435.
  const condition = conditionNumber(cholesky(pascal(5)));
  t.true(Math.abs(condition / 92.290435 ** 2 - 1) <= 1e-6);
});

test('sums and products keep what float64 drops', (t) => {
  // 1 + 2⁻⁶⁰ as a sum of squares of float32: 1² + (2⁻³⁰)².
  const { hi, lo } = scaledFisher(Float32Array.of(1, 2 ** -30), 1, 0);
  t.is(hi[0], 1);
  t.is(lo[0], 2 ** -60);
});

import test from 'ava';
import { seeded } from '../random.js';
import {
  constrainedMinimum,
  type Dense,
  fisher,
  inverse,
  multiply,
  quadraticForm,
  solve,
} from './dense.js';

/** Hilbert's matrix, whose inverse has integers alone. */
function hilbert(n: number): Dense {
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => 1 / (i + j + 1)));
}

test('dense: the inverse of Hilbert 4×4 is the known one of integers', (t) => {
  const known = [
    [16, -120, 240, -140],
    [-120, 1200, -2700, 1680],
    [240, -2700, 6480, -4200],
    [-140, 1680, -4200, 2800],
  ];
  inverse(hilbert(4)).forEach((row, i) => {
    row.forEach((value, j) => {
      // The condition is 1.6e4.
      t.true(Math.abs(value - known[i][j]) <= 1.6e4 * 2 ** -50 * 6480);
    });
  });
});

test('dense: a zero on the diagonal asks for a pivot from another row', (t) => {
  const a = [
    [0, 2, 0],
    [1, 0, 0],
    [0, 0, 4],
  ];
  t.deepEqual(solve(a, [2, 3, 4]), [3, 1, 1]);
});

test('dense: F is λI + GᵀG/N', (t) => {
  const samples = [
    [1, 2],
    [3, -4],
  ];
  t.deepEqual(fisher(samples, 0.5), [
    [5.5, -5],
    [-5, 10.5],
  ]);
});

test('dense: no point that meets the constraints is below the constrained minimum', (t) => {
  const random = seeded(3);
  const samples = Array.from({ length: 9 }, () => Array.from({ length: 6 }, () => random() - 0.5));
  const f = fisher(samples, 1e-2);
  const w = Array.from({ length: 6 }, () => random() - 0.5);
  const q = [1, 4];
  const minimum = constrainedMinimum(f, w, q);
  for (const p of q) t.true(Math.abs(minimum[p] + w[p]) <= 1e-14);
  const slope = multiply(f, minimum);
  for (const r of [0, 2, 3, 5]) t.true(Math.abs(slope[r]) <= 1e-14);
  for (let trial = 0; trial < 100; trial++) {
    const other = minimum.map((d, i) => (q.includes(i) ? d : d + 0.1 * (random() - 0.5)));
    t.true(quadraticForm(f, other) > quadraticForm(f, minimum));
  }
});

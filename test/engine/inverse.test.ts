import test from 'ava';
import { multiply } from '../oracle/dense.js';
import { cholesky, conditionNumber, scaledFisher } from '../oracle/double-double.js';
import { engines } from './engines.js';
import { expectDone } from './fisher-diagonal.js';
import { Fixture, UNTOUCHED } from './fixture.js';
import { inverseTolerance, largest, largestError, UNIT } from './kernels/close.js';
import { describe, SOLVERS, sweep } from './kernels/sweep.js';
import { sharedArray } from './shared-array.js';

for (const { name, kernels } of engines) {
  for (const solver of SOLVERS) {
    test(`inverse: D and F⁻¹x are those of the dense inverse (${name}, ${solver})`, (t) => {
      for (const plan of sweep(solver)) {
        const fixture = new Fixture(plan).estimate(kernels, [5, 16, 33]);
        const values = Array.from({ length: fixture.size }, () => 2 * fixture.random() - 1);
        const input = sharedArray(Float64Array, values);
        const output = sharedArray(Float64Array, fixture.size).fill(UNTOUCHED);
        expectDone(kernels.invert(fixture.inversion()));
        expectDone(kernels.multiply({ ...fixture.range(), input, output }));
        t.deepEqual([...input], values);
        for (const block of plan.orders.keys()) {
          const dense = fixture.dense(block);
          const [begin, end] = [dense.begin, dense.begin + dense.order];
          const d = dense.inverse.map((row, i) => row[i]);
          const y = multiply(dense.inverse, values.slice(begin, end));
          const errors = [
            largestError(fixture.diagonal.subarray(begin, end), d),
            largestError(output.subarray(begin, end), y, largest(dense.inverse.flat())),
          ];
          const tolerance = inverseTolerance(dense.f, fixture.damping);
          const met = errors.every((error) => error <= tolerance);
          t.true(met, `${describe(plan)}, block ${block}: ${errors} > ${tolerance}`);
        }
      }
    });

    test(`inverse: the condition is a bound, at most B² too high (${name}, ${solver})`, (t) => {
      for (const plan of sweep(solver).filter(({ orders }) => orders[0] <= 33)) {
        const fixture = new Fixture(plan).estimate(kernels);
        expectDone(kernels.invert(fixture.inversion()));
        for (const [block, order] of plan.orders.entries()) {
          const samples = Float32Array.from(fixture.samplesOf(block).flat());
          const exact = conditionNumber(cholesky(scaledFisher(samples, order, fixture.damping)));
          const bound = fixture.condition[block];
          t.true(bound >= exact * (1 - 1e-6), `${describe(plan)}: ${bound} < ${exact}`);
          // The exact one comes out of power iteration, which stays a little below.
          t.true(bound <= 1.5 * order ** 2 * exact, `${describe(plan)}: ${bound}, ${exact}`);
        }
      }
    });

    test(`inverse: gradients that are all zero give D = 1/λ (${name}, ${solver})`, (t) => {
      for (const damping of [1e-9, 1e-5, 3, 1e9]) {
        const fixture = new Fixture({ solver, orders: [33, 9], samples: 7, damping });
        fixture.gradients.fill(0);
        fixture.estimate(kernels);
        expectDone(kernels.invert(fixture.inversion()));
        const expected = new Float64Array(42).fill(1 / damping);
        t.true(largestError(fixture.diagonal, expected) <= 4 * UNIT);
        t.true(largestError(fixture.condition, [33, 9]) <= 64 * UNIT);
      }
    });

    test(`inverse: any chunk is read, and the range alone written (${name}, ${solver})`, (t) => {
      const plan = { solver, orders: [24, 20, 64, 12, 9], samples: 6, firstBlock: 1 };
      const fixture = new Fixture(plan).estimate(kernels);
      const range = fixture.range(3, 4);
      const input = sharedArray(Float64Array, fixture.size).fill(1);
      const output = sharedArray(Float64Array, fixture.size).fill(UNTOUCHED);
      const [states, rows] = [fixture.states.slice(), fixture.rows.slice()];
      expectDone(kernels.invert(fixture.inversion(range)));
      expectDone(kernels.multiply({ ...range, input, output }));
      t.deepEqual(fixture.states, states);
      t.deepEqual(fixture.rows, rows);
      const { begin, order, inverse } = fixture.dense(3);
      for (const [c, d] of fixture.diagonal.entries()) {
        const inside = c >= begin && c < begin + order;
        t.is(d === UNTOUCHED, !inside);
        t.is(output[c] === UNTOUCHED, !inside);
        if (inside) t.true(Math.abs(d / inverse[c - begin][c - begin] - 1) <= 1e-9);
      }
      const untouched = [...fixture.condition].map((value) => value === UNTOUCHED);
      t.deepEqual(untouched, [true, true, true, false, true]);
    });
  }

  test(`inverse: woodbury keeps F⁻¹ itself, whatever the batches (${name})`, (t) => {
    for (const [index, plan] of sweep('woodbury').entries()) {
      const batches = [[1], [3, 5], [16], [17], [128]][index % 5];
      const fixture = new Fixture(plan).estimate(kernels, batches);
      for (const block of plan.orders.keys()) {
        const dense = fixture.dense(block);
        const exact = dense.inverse.flat();
        const kept = dense.inverse.map((row, i) => row.map((_, j) => fixture.state(block, i, j)));
        const error = largestError(kept.flat(), exact, largest(exact));
        const tolerance = inverseTolerance(dense.f, fixture.damping);
        t.true(error <= tolerance, `${describe(plan)}, block ${block}: ${error}`);
      }
    }
  });
}

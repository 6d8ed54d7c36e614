import test from 'ava';
import { engines } from './engines.js';
import { expectDone } from './fisher-diagonal.js';
import { Fixture } from './fixture.js';
import { inverseTolerance, largestError } from './kernels/close.js';
import { SOLVERS } from './kernels/sweep.js';

for (const { name, kernels } of engines) {
  for (const solver of SOLVERS) {
    test(`batches: how samples are cut matters by rounding alone (${name}, ${solver})`, (t) => {
      const plan =
        solver === 'dual'
          ? { solver, orders: [140, 130], samples: 101 }
          : { solver, orders: [33, 5], samples: 301 };
      const blocks = plan.orders.map((_, block) => new Fixture(plan).dense(block));
      for (const batch of [1, 3, 17, 128, 129, 300, 301]) {
        const fixture = new Fixture(plan).estimate(kernels, [batch]);
        expectDone(kernels.invert(fixture.inversion()));
        for (const { begin, order, f, inverse } of blocks) {
          const exact = inverse.map((row, i) => row[i]);
          const error = largestError(fixture.diagonal.subarray(begin, begin + order), exact);
          t.true(error <= inverseTolerance(f, fixture.damping), `batches of ${batch}: ${error}`);
        }
      }
    });

    test(`batches: an empty one changes nothing (${name}, ${solver})`, (t) => {
      const fixture = new Fixture({ solver, orders: [20, 13], samples: 9 }).estimate(kernels);
      const arrays = [fixture.states, fixture.rows, fixture.gradientSum, fixture.squareSum];
      const before = arrays.map((array) => array.slice());
      expectDone(kernels.accumulate(fixture.accumulation(fixture.range(), 9, 0)));
      t.deepEqual(arrays, before);
    });
  }
}

import test, { type ExecutionContext } from 'ava';
import { gram } from '../oracle/dense.js';
import { engines } from './engines.js';
import { expectDone } from './fisher-diagonal.js';
import { Fixture, UNTOUCHED } from './fixture.js';
import { UNIT } from './kernels/close.js';
import { describe, sweep } from './kernels/sweep.js';

/** S against the sum of all products: N additions may each be off by half a unit, in both. */
function checkSums(t: ExecutionContext, fixture: Fixture, about = describe(fixture.plan)): void {
  const { plan, starts } = fixture;
  for (let block = plan.firstBlock ?? 0; block < plan.orders.length; block++) {
    const s = gram(fixture.samplesOf(block));
    let worst = 0;
    s.forEach((row, i) => {
      for (let j = 0; j <= i; j++) {
        const error = Math.abs(fixture.state(block, i, j) - row[j]);
        worst = Math.max(worst, error === 0 ? 0 : error / Math.sqrt(s[i][i] * s[j][j]));
      }
    });
    const tolerance = 2 * (plan.samples + 2) * UNIT;
    t.true(worst <= tolerance, `${about}, block ${block}: off by ${worst}`);
    s.forEach((row, i) => {
      t.is(fixture.squareSum[starts[block] + i], fixture.state(block, i, i));
      t.true(Math.abs(fixture.squareSum[starts[block] + i] - row[i]) <= tolerance * row[i]);
    });
  }
}

for (const { name, kernels } of engines) {
  test(`gram keeps Σ g gᵀ for blocks of every order (${name})`, (t) => {
    for (const plan of sweep('gram')) {
      checkSums(t, new Fixture(plan).estimate(kernels, [3, 20, 1]));
    }
  });

  test(`gram: how samples were cut into batches matters by rounding alone (${name})`, (t) => {
    for (const batch of [1, 7, 127, 128, 129, 300, 301]) {
      for (const order of [9, 33]) {
        const plan = { solver: 'gram', orders: [order, 5], samples: 301 } as const;
        const about = `batches of ${batch}`;
        checkSums(t, new Fixture(plan).estimate(kernels, [batch]), about);
      }
    }
  });

  test(`gram writes the blocks of its range and nothing else (${name})`, (t) => {
    const plan = { solver: 'gram', orders: [9, 17, 9, 4], samples: 20, firstBlock: 1 } as const;
    const fixture = new Fixture(plan);
    const range = fixture.range(2, 3);
    expectDone(kernels.initialise(range));
    expectDone(kernels.accumulate(fixture.accumulation(range, 0, 20)));
    const own = fixture.states.subarray(fixture.stride, fixture.stride + 45);
    t.true(own.every((value) => value !== UNTOUCHED));
    own.fill(UNTOUCHED);
    t.true(fixture.states.every((value) => value === UNTOUCHED));
    t.true(fixture.gradientSum.every((sum, c) => (sum !== 0) === (c >= 26 && c < 35)));
    t.true(fixture.squareSum.every((sum, c) => (sum !== 0) === (c >= 26 && c < 35)));
  });
}

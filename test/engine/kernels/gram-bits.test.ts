import test from 'ava';
import { engines } from '../engines.js';
import { expectDone } from '../fisher-diagonal.js';
import { Fixture, type Plan } from '../fixture.js';
import { UNIT } from './close.js';

for (const { name, kernels } of engines) {
  test(`gram: rows of one block, tile by tile, are the bits of the whole block (${name})`, (t) => {
    for (const order of [5, 64, 124, 131, 260]) {
      const plan: Plan = { solver: 'gram', orders: [7, order], samples: 150, firstBlock: 1 };
      const whole = new Fixture(plan).estimate(kernels);
      const tiled = new Fixture(plan);
      const range = tiled.range(1, 2);
      expectDone(kernels.initialise(range));
      const edges = [0, 1, Math.ceil(order / 3), Math.ceil(order / 2), order];
      for (let tile = edges.length - 1; tile > 0; tile--) {
        const rows = { rowFrom: edges[tile - 1], rowTo: edges[tile] };
        if (rows.rowFrom === rows.rowTo) continue;
        expectDone(kernels.accumulate({ ...tiled.accumulation(range, 0, 150), ...rows }));
      }
      t.deepEqual(tiled.states, whole.states);
      t.deepEqual(tiled.gradientSum, whole.gradientSum);
      t.deepEqual(tiled.squareSum, whole.squareSum);
    }
  });

  test(`gram, woodbury, dual: ranges of blocks, one by one, are the bits of all at once (${name})`, (t) => {
    for (const solver of ['gram', 'woodbury', 'dual'] as const) {
      const plan: Plan = { solver, orders: [100, 7, 100, 33, 1], samples: 60, prunedBefore: 0.2 };
      const whole = new Fixture(plan).estimate(kernels);
      const parts = new Fixture(plan);
      for (let block = 4; block >= 0; block--) {
        const range = parts.range(block, block + 1);
        expectDone(kernels.initialise(range));
        expectDone(kernels.accumulate(parts.accumulation(range, 0, 60)));
        expectDone(kernels.invert(parts.inversion(range)));
      }
      expectDone(kernels.invert(whole.inversion()));
      t.deepEqual(parts.states, whole.states);
      t.deepEqual(parts.rows, whole.rows);
      t.deepEqual(parts.gradientSum, whole.gradientSum);
      t.deepEqual(parts.squareSum, whole.squareSum);
      t.deepEqual(parts.diagonal, whole.diagonal);
      t.deepEqual(parts.condition, whole.condition);
    }
  });

  test(`gram: S and its low-order part together are the exact sum (${name})`, (t) => {
    // Products are multiples of 2⁻⁴² of at most 43 bits: sums of 128 are exact, of 160,000 are not.
    const plan: Plan = { solver: 'gram', orders: [9], samples: 4000 };
    const fixture = new Fixture(plan);
    for (let i = 0; i < fixture.gradients.length; i++) {
      fixture.gradients[i] = 1 + Math.floor(8 * fixture.random()) * 2 ** -21;
    }
    const range = fixture.range();
    expectDone(kernels.initialise(range));
    const { lowOrder } = fixture;
    const repeats = 40;
    for (let k = 0; k < repeats; k++) {
      expectDone(kernels.accumulate({ ...fixture.accumulation(range, 0, 4000), lowOrder }));
    }
    const whole = (value: number): bigint => BigInt(value * 2 ** 42);
    const samples = fixture.samplesOf(0).map((g) => g.map((value) => BigInt(value * 2 ** 21)));
    for (let i = 0, at = 0; i < 9; i++) {
      for (let j = 0; j <= i; j++, at++) {
        const sum = samples.reduce((total, g) => total + g[i] * g[j], 0n) * BigInt(repeats);
        t.is(whole(fixture.states[at]) + whole(lowOrder[at]), sum);
        t.true(Math.abs(lowOrder[at]) <= UNIT * fixture.states[at], 'states hold the rounded sum');
      }
    }
  });
}

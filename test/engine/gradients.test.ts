import test, { type ExecutionContext } from 'ava';
import type { AxisOrder } from '../../src/engine/kernels.js';
import { engines } from './engines.js';
import { Fixture } from './fixture.js';
import { UNIT } from './kernels/close.js';
import { describe, SOLVERS } from './kernels/sweep.js';

const AXES: readonly AxisOrder[] = [
  { outputs: 60, before: 1, after: 1 },
  { outputs: 5, before: 1, after: 12 },
  { outputs: 5, before: 12, after: 1 },
  { outputs: 4, before: 3, after: 5 },
  { outputs: 1, before: 60, after: 1 },
  { outputs: 3, before: 2, after: 10 },
];

function transpose(rows: readonly (readonly number[])[]): number[][] {
  return rows[0].map((_, c) => rows.map((row) => row[c]));
}

/** Σ g and Σ g² of each weight in block order, by the definition. */
function checkSums(t: ExecutionContext, fixture: Fixture): void {
  const { samples, orders, solver } = fixture.plan;
  const weights = [...orders.keys()].flatMap((block) => transpose(fixture.samplesOf(block)));
  for (const [c, own] of weights.entries()) {
    const g = solver === 'dual' ? own.map(Math.fround) : own;
    const sum = g.reduce((total, value) => total + value, 0);
    const squares = g.reduce((total, value) => total + value ** 2, 0);
    const size = g.reduce((total, value) => total + Math.abs(value), 0);
    const tolerance = 2 * (samples + 2) * UNIT;
    const about = `${describe(fixture.plan)}, ${JSON.stringify(fixture.order)}, weight ${c}`;
    t.true(Math.abs(fixture.gradientSum[c] - sum) <= tolerance * size, about);
    t.true(Math.abs(fixture.squareSum[c] - squares) <= tolerance * squares, about);
  }
}

for (const { name, kernels } of engines) {
  for (const factored of [false, true]) {
    const form = factored ? 'factors' : 'whole';
    test(`gradients, given ${form}, are read in block order for any output axis (${name})`, (t) => {
      for (const solver of SOLVERS) {
        for (const order of AXES) {
          const plan = { solver, orders: [25, 25, 10], samples: 7, order, factored };
          const fixture = new Fixture({ ...plan, prunedBefore: 0.3 }).estimate(kernels, [3]);
          checkSums(t, fixture);
        }
      }
    });

    test(`dual keeps the samples as float32, given ${form}, 0 where pruned (${name})`, (t) => {
      for (const order of AXES) {
        const plan = { solver: 'dual', orders: [25, 25, 10], samples: 7, order, factored } as const;
        const fixture = new Fixture({ ...plan, prunedBefore: 0.3 }).estimate(kernels, [1, 4]);
        plan.orders.forEach((length, block) => {
          const rows = fixture.rows.subarray(block * 7 * 25, block * 7 * 25 + 7 * length);
          const expected = fixture.samplesOf(block).flat();
          t.deepEqual([...rows], expected.map(Math.fround));
        });
      }
    });
  }

  test(`batches add up, a solver sees pruned weights as zeros (${name})`, (t) => {
    for (const solver of SOLVERS) {
      const plan = { solver, orders: [40, 7], samples: 31, prunedBefore: 0.5 };
      checkSums(t, new Fixture(plan).estimate(kernels, [1, 16, 17]));
    }
  });
}

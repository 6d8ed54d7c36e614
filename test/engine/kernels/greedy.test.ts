import test from 'ava';
import type { Kernels } from '../../../src/engine/kernels.js';
import { inverse, multiply, norm, quadraticForm, solve } from '../../oracle/dense.js';
import { engines } from '../engines.js';
import { expectDone } from '../fisher-diagonal.js';
import { type DenseBlock, Fixture, type Plan, UNTOUCHED } from '../fixture.js';
import { inverseTolerance, UNIT } from './close.js';
import { describe, SOLVERS, sweep } from './sweep.js';

/** A block's removals in their order, and what each cost. */
interface Removals {
  order: number[];
  keys: number[];
  losses: number[];
}

function trace(kernels: Kernels, plan: Plan, step = 0): Fixture {
  const fixture = new Fixture(plan).estimate(kernels);
  expectDone(kernels.greedy(fixture.tracing(step)));
  return fixture;
}

function removals(fixture: Fixture, block: number): Removals {
  const { starts, mask, keys, marginalLosses } = fixture;
  const begin = starts[block];
  const order = [...mask.subarray(begin, starts[block + 1]).keys()]
    .filter((i) => mask[begin + i] === 1)
    .sort((a, b) => keys[begin + a] - keys[begin + b]);
  return {
    order,
    keys: order.map((i) => keys[begin + i]),
    losses: order.map((i) => marginalLosses[begin + i]),
  };
}

/** ½ (w−αh)_Qᵀ [(F⁻¹)_QQ]⁻¹ (w−αh)_Q */
function jointLoss(dense: DenseBlock, q: readonly number[], step: number): number {
  const h = multiply(dense.inverse, dense.gradient);
  const x = q.map((i) => dense.weights[i] - step * h[i]);
  const block = q.map((i) => q.map((j) => dense.inverse[i][j]));
  return x.reduce((sum, value, i) => sum + value * solve(block, x)[i], 0) / 2;
}

/** The loss of each weight of R that may go next, Q being gone, from the dense inverse of F_RR. */
function nextLosses(dense: DenseBlock, r: readonly number[], q: readonly number[], step: number) {
  const { f, weights, gradient: g } = dense;
  const p = inverse(r.map((i) => r.map((j) => f[i][j])));
  const right = r.map((i) => q.reduce((sum, j) => sum + f[i][j] * weights[j], -step * g[i]));
  const move = multiply(p, right);
  return r.map((i, place) => (weights[i] + move[place]) ** 2 / (2 * p[place][place]));
}

for (const { name, kernels } of engines) {
  for (const solver of SOLVERS) {
    for (const step of [0, 0.3]) {
      test(`greedy: each removal is the cheapest that is left, by the dense inverse (${name}, ${solver}, step ${step})`, (t) => {
        for (const plan of sweep(solver, 33)) {
          const fixture = trace(kernels, plan, step);
          for (const block of plan.orders.keys()) {
            const dense = fixture.dense(block);
            const allowed = inverseTolerance(dense.f, fixture.damping);
            const { order, losses } = removals(fixture, block);
            order.forEach((row, k) => {
              const next = nextLosses(dense, order.slice(k), order.slice(0, k), step);
              const about = `${describe(plan)}: removal ${k} of block ${block}, row ${row}`;
              t.true(next[0] <= Math.min(...next) * (1 + allowed) + allowed, about);
              t.true(Math.abs(losses[k] - next[0]) <= allowed * (1 + next[0]), about);
            });
          }
        }
      });

      test(`greedy: the losses of the first removals add up to the loss of removing them together (${name}, ${solver}, step ${step})`, (t) => {
        for (const plan of sweep(solver, 100)) {
          const fixture = trace(kernels, plan, step);
          const dense = fixture.dense(0);
          const allowed = inverseTolerance(dense.f, fixture.damping);
          const { order, losses } = removals(fixture, 0);
          const ends = [1, order.length >> 2, order.length >> 1, order.length - 1, order.length];
          for (const k of ends.filter((end) => end > 0 && end <= order.length)) {
            const total = losses.slice(0, k).reduce((a, b) => a + b, 0);
            const joint = jointLoss(dense, order.slice(0, k), step);
            t.true(Math.abs(total - joint) <= allowed * (1 + joint), `${describe(plan)}: ${k}`);
          }
        }
      });
    }

    test(`greedy: keys are the running maximum of the losses and increase strictly (${name}, ${solver})`, (t) => {
      for (const plan of sweep(solver)) {
        const fixture = trace(kernels, plan);
        for (const block of plan.orders.keys()) {
          const { keys, losses } = removals(fixture, block);
          let highest = 0;
          keys.forEach((key, k) => {
            highest = Math.max(highest, losses[k]);
            t.true(k === 0 || key > keys[k - 1], describe(plan));
            t.true(key >= highest && key <= highest * (1 + 2 ** -52 * (k + 1)) + k * 2 ** -1074);
          });
        }
      }
    });

    test(`greedy: weights pruned before have key 0, other blocks are not written (${name}, ${solver})`, (t) => {
      const plan: Plan = { solver, orders: [8, 30, 8], samples: 6, prunedBefore: 0.4 };
      const fixture = new Fixture({ ...plan, firstBlock: 1 }).estimate(kernels);
      const { mask, keys, marginalLosses } = fixture;
      expectDone(kernels.greedy(fixture.tracing(0, fixture.range(1, 2))));
      mask.forEach((kept, c) => {
        if (c < 8 || c >= 38) t.true(keys[c] === UNTOUCHED && marginalLosses[c] === UNTOUCHED);
        else if (kept === 0) t.true(keys[c] === 0 && marginalLosses[c] === 0);
        else t.true(keys[c] > 0);
      });
      const without = new Fixture({ ...plan, firstBlock: 1 }).estimate(kernels);
      const job = without.tracing(0, without.range(1, 2));
      expectDone(kernels.greedy({ ...job, marginalLosses: new Float64Array(0) }));
      t.deepEqual(without.keys, keys);
    });

    test(`greedy: equal losses go by the index in the model's layout (${name}, ${solver})`, (t) => {
      // No gradient couples the weights: all losses are λw²/2.
      const order = { outputs: 5, before: 6, after: 1 };
      const fixture = new Fixture({ solver, orders: [30], samples: 20, order });
      fixture.gradients.fill(0);
      fixture.weights.fill(0.5);
      fixture.estimate(kernels);
      expectDone(kernels.greedy(fixture.tracing()));
      const model = fixture.modelIndices();
      t.deepEqual(
        removals(fixture, 0).order.map((c) => model[c]),
        [...Array(30).keys()],
      );
    });
  }

  for (const solver of SOLVERS) {
    test(`greedy: λ = 1e-9 (${name}, ${solver})`, (t) => {
      const samples = solver === 'dual' ? 40 : 150;
      const plan: Plan = { solver, orders: [60], samples, damping: 1e-9 };
      const fixture = trace(kernels, plan);
      const dense = fixture.dense(0);
      const { order, losses } = removals(fixture, 0);
      let worst = 0;
      order.forEach((_, k) => {
        const [loss] = nextLosses(dense, order.slice(k), order.slice(0, k), 0);
        worst = Math.max(worst, Math.abs(losses[k] - loss) / loss);
      });
      t.log(`largest relative error of a marginal loss: ${worst}`);
      // ‖F‖/λ is what the error of all three solvers follows.
      t.true(worst <= (10 * norm(dense.f) * UNIT) / fixture.damping);
    });
  }

  test(`greedy: the loss of all of a block is ½ wᵀFw (${name})`, (t) => {
    const fixture = trace(kernels, { solver: 'gram', orders: [70], samples: 90 });
    const { f, weights } = fixture.dense(0);
    const total = removals(fixture, 0).losses.reduce((a, b) => a + b, 0);
    const expected = quadraticForm(f, weights) / 2;
    t.true(Math.abs(total - expected) <= 1e-9 * expected);
  });
}

import test from 'ava';
import type { SolverName, UpdateRule } from '../../../src/engine/kernels.js';
import { constrainedMinimum, multiply, quadraticForm } from '../../oracle/dense.js';
import { engines } from '../engines.js';
import { expectDone } from '../fisher-diagonal.js';
import { type DenseBlock, Fixture, type Plan, UNTOUCHED } from '../fixture.js';
import { sharedArray } from '../shared-array.js';
import { inverseTolerance, largest } from './close.js';
import { describe, SOLVERS, sweep } from './sweep.js';

const RULES: readonly UpdateRule[] = ['none', 'independent', 'joint'];

/** Unit roundoff of float32. */
const UNIT32 = 2 ** -24;

/** Changes of a block's weights when those of Q go, by the definitions; `step` is α. */
function definition(rule: UpdateRule, dense: DenseBlock, q: number[], step = 0): number[] {
  const { f, inverse, weights, gradient } = dense;
  // A weight pruned before has a zero gradient: F does not couple it, and its change stays 0.
  const g = gradient.map((value) => step * value);
  if (rule === 'joint') return constrainedMinimum(f, weights, q, g);
  const h = multiply(inverse, g);
  const delta = weights.map((_, i) =>
    rule === 'none'
      ? 0
      : -h[i] -
        q.reduce((sum, p) => sum + ((weights[p] - h[p]) / inverse[p][p]) * inverse[i][p], 0),
  );
  for (const p of q) delta[p] = -weights[p];
  return delta;
}

/** Prunes about `share` of the weights that are there; none in block 1. */
function maskAfter(fixture: Fixture, share: number): Uint8Array {
  const mask = sharedArray(Uint8Array, fixture.mask);
  for (let c = 0; c < fixture.size; c++) {
    const spared = c >= fixture.starts[1] && c < (fixture.starts[2] ?? 0);
    if (!spared && fixture.random() < share) mask[c] = 0;
  }
  return mask;
}

interface Pruned {
  fixture: Fixture;
  before: Float32Array;
  after: Uint8Array;
}

function prune(
  kernels: (typeof engines)[number]['kernels'],
  plan: Plan,
  rule: UpdateRule,
  share: number,
  step = 0,
): Pruned {
  const fixture = new Fixture(plan).estimate(kernels);
  const before = fixture.weights.slice();
  const after = maskAfter(fixture, share);
  const term = step === 0 ? {} : fixture.firstOrder(kernels, step);
  expectDone(kernels.update({ ...fixture.pruning(rule, after), ...term }));
  return { fixture, before, after };
}

/** Weights of a block that go now. */
function pruned({ fixture, after }: Pruned, { begin, order }: DenseBlock): number[] {
  return [...Array(order).keys()].filter(
    (i) => fixture.mask[begin + i] === 1 && after[begin + i] === 0,
  );
}

function plans(solver: SolverName): Plan[] {
  return sweep(solver, 65);
}

for (const { name, kernels } of engines) {
  for (const solver of SOLVERS) {
    for (const [rule, step] of [
      ['none', 0],
      ['independent', 0],
      ['joint', 0],
      ['independent', 0.3],
      ['joint', 0.3],
      ['joint', 1],
    ] as const) {
      test(`update ${rule}: weights and losses are those of the definition (${name}, ${solver}, step ${step})`, (t) => {
        for (const [index, plan] of plans(solver).entries()) {
          const result = prune(kernels, plan, rule, [0.5, 0.1, 0.9, 1][index % 4], step);
          const { fixture, before, after } = result;
          for (const block of plan.orders.keys()) {
            const dense = fixture.dense(block);
            dense.weights = [...before.subarray(dense.begin, dense.begin + dense.order)];
            const { begin, f, weights, samples } = dense;
            const q = pruned(result, dense);
            const delta = q.length === 0 ? weights.map(() => 0) : definition(rule, dense, q, step);
            const scale = largest(delta) + largest(weights);
            // Rounding the new weight, and what the inverse allows.
            const tolerance = scale * (UNIT32 + inverseTolerance(f, fixture.damping));
            delta.forEach((change, i) => {
              const w = fixture.weights[begin + i];
              if (after[begin + i] === 0) t.is(w, 0);
              else t.true(Math.abs(w - weights[i] - change) <= tolerance, describe(plan));
            });
            const applied = weights.map((w, i) => fixture.weights[begin + i] - w);
            const quadratic = quadraticForm(f, applied) / 2;
            const linear = applied.reduce(
              (sum, d, i) => sum + (d * samples.reduce((s, g) => s + g[i], 0)) / samples.length,
              0,
            );
            const [found, foundLinear] = fixture.losses.subarray(2 * block, 2 * block + 2);
            const allowed = inverseTolerance(f, fixture.damping);
            t.true(
              Math.abs(found - quadratic) <= allowed * (quadratic + fixture.damping * scale ** 2),
              `${describe(plan)}: ½δᵀFδ = ${found}, ${quadratic}`,
            );
            t.true(Math.abs(foundLinear - linear) <= 1e-13 * plan.orders[block] * scale);
          }
        }
      });
    }

    test(`update: joint is never worse than independent in ½ δᵀFδ (${name}, ${solver})`, (t) => {
      for (const [index, plan] of plans(solver).entries()) {
        const share = [0.3, 0.7, 0.95][index % 3];
        const joint = prune(kernels, plan, 'joint', share).fixture.losses;
        const independent = prune(kernels, plan, 'independent', share).fixture.losses;
        for (const block of plan.orders.keys()) {
          const [a, b] = [joint[2 * block], independent[2 * block]];
          t.true(a <= b * (1 + 1e-6) + 1e-12, `${describe(plan)}: ${a} > ${b}`);
        }
      }
    });

    test(`update: with first order joint is never worse in ½ δᵀFδ + αḡᵀδ, its own objective (${name}, ${solver})`, (t) => {
      for (const [index, plan] of plans(solver).entries()) {
        const share = [0.3, 0.7, 0.95][index % 3];
        const step = [1, 0.2][index % 2];
        const joint = prune(kernels, plan, 'joint', share, step);
        const independent = prune(kernels, plan, 'independent', share, step);
        const objective = ({ fixture }: Pruned, block: number): number =>
          fixture.losses[2 * block] + step * fixture.losses[2 * block + 1];
        for (const block of plan.orders.keys()) {
          const [a, b] = [objective(joint, block), objective(independent, block)];
          // What the rounding of the weights to float32 costs is quadratic in it at the minimum alone.
          const { fixture } = joint;
          const scale = fixture.losses[2 * block] + independent.fixture.losses[2 * block];
          t.true(a <= b + 1e-6 * scale + 1e-12, `${describe(plan)}: ${a} > ${b}`);
        }
      }
    });

    test(`update: the weights of any step lie between those of 0 and 1 (${name}, ${solver})`, (t) => {
      const plan: Plan = { solver, orders: [40, 33], samples: 20, damping: 1e-2 };
      for (const rule of ['independent', 'joint'] as const) {
        const [zero, one, third] = [0, 1, 1 / 3].map(
          (step) => prune(kernels, plan, rule, 0.5, step).fixture.weights,
        );
        const scale = largest(zero) + largest(one);
        third.forEach((w, c) => {
          const between = zero[c] + (one[c] - zero[c]) / 3;
          t.true(Math.abs(w - between) <= 4 * UNIT32 * scale);
        });
      }
    });

    test(`update: for one pruned weight joint and independent agree (${name}, ${solver})`, (t) => {
      const plan: Plan = { solver, orders: [30], samples: 20 };
      const [joint, independent] = (['joint', 'independent'] as const).map((rule) => {
        const fixture = new Fixture(plan).estimate(kernels);
        const after = sharedArray(Uint8Array, fixture.mask);
        after[11] = 0;
        expectDone(kernels.update(fixture.pruning(rule, after)));
        return fixture;
      });
      const scale = largest(joint.weights);
      joint.weights.forEach((w, c) => {
        t.true(Math.abs(w - independent.weights[c]) <= 4 * UNIT32 * scale);
      });
    });

    test(`update: a block that loses no weight keeps its bits and has no loss (${name}, ${solver})`, (t) => {
      for (const rule of RULES) {
        const plan: Plan = { solver, orders: [16, 9, 16], samples: 7, prunedBefore: 0.2 };
        const fixture = new Fixture(plan).estimate(kernels);
        const before = fixture.weights.slice();
        const after = sharedArray(Uint8Array, fixture.mask).fill(0, 30);
        const term = rule === 'none' ? {} : fixture.firstOrder(kernels, 0.5);
        expectDone(kernels.update({ ...fixture.pruning(rule, after), ...term }));
        t.deepEqual(fixture.weights.subarray(0, 25), before.subarray(0, 25));
        t.deepEqual([...fixture.losses.subarray(0, 4)], [0, 0, 0, 0]);
        t.true(fixture.losses[4] > 0);
      }
    });

    test(`update: weights pruned before are 0 before and after (${name}, ${solver})`, (t) => {
      for (const rule of RULES) {
        const plan: Plan = { solver, orders: [40], samples: 11, prunedBefore: 0.5 };
        const { fixture } = prune(kernels, plan, rule, 0.5);
        fixture.mask.forEach((kept, c) => {
          if (kept === 0) t.is(fixture.weights[c], 0);
        });
      }
    });

    test(`update: writes the blocks asked for alone (${name}, ${solver})`, (t) => {
      const fixture = new Fixture({ solver, orders: [8, 17, 8], samples: 6, firstBlock: 1 });
      fixture.estimate(kernels);
      const before = fixture.weights.slice();
      const states = fixture.states.slice();
      const after = sharedArray(Uint8Array, fixture.size);
      expectDone(kernels.update(fixture.pruning('joint', after, fixture.range(1, 2))));
      fixture.weights.forEach((w, c) => {
        t.is(w, c >= 8 && c < 25 ? 0 : before[c]);
      });
      t.deepEqual(fixture.states, states);
      t.deepEqual(
        [...fixture.losses].map((loss) => loss !== UNTOUCHED),
        [false, false, true, true, false, false],
      );
    });
  }
}

import test from 'ava';
import type { Kernels, UpdateRule } from '../../../src/engine/kernels.js';
import { norm } from '../../oracle/dense.js';
import { engines } from '../engines.js';
import { expectDone } from '../fisher-diagonal.js';
import { Fixture, type Plan } from '../fixture.js';
import { sharedArray } from '../shared-array.js';
import { largest, largestError, UNIT } from './close.js';
import { describe, SOLVERS, sweep } from './sweep.js';

/** Sizes beyond the sweep: several panels, strips and columns of tiles. */
function wide(solver: Plan['solver']): Plan[] {
  return [
    { solver, orders: [300, 300, 11], samples: 140, seed: 3, prunedBefore: 0.1 },
    { solver, orders: [521], samples: 260, seed: 4 },
  ];
}

/** All that one engine says about a plan. */
function answers(kernels: Kernels, plan: Plan) {
  const fixture = new Fixture(plan).estimate(kernels, [17, 130]);
  const { random, size } = fixture;
  const input = sharedArray(
    Float64Array,
    Array.from({ length: size }, () => 2 * random() - 1),
  );
  const product = sharedArray(Float64Array, size);
  const mask = sharedArray(
    Uint8Array,
    Array.from(fixture.mask, (kept) => (random() < 0.6 ? 0 : kept)),
  );
  expectDone(kernels.invert(fixture.inversion()));
  expectDone(kernels.multiply({ ...fixture.range(), input, output: product }));
  const before = fixture.weights.slice();
  const updates = [
    { rule: 'independent', step: 0 },
    { rule: 'joint', step: 0 },
    { rule: 'independent', step: 0.5 },
    { rule: 'joint', step: 0.5 },
  ].map(({ rule, step }) => {
    fixture.weights.set(before);
    const term = step === 0 ? {} : fixture.firstOrder(kernels, step);
    expectDone(kernels.update({ ...fixture.pruning(rule as UpdateRule, mask), ...term }));
    return { weights: fixture.weights.slice(), losses: fixture.losses.slice() };
  });
  fixture.weights.set(before);
  expectDone(kernels.greedy(fixture.tracing(0.5)));
  return { fixture, product, updates };
}

const native = engines.find(({ name }) => name === 'native');
const javascript = engines.find(({ name }) => name === 'javascript');

if (native !== undefined && javascript !== undefined) {
  for (const solver of SOLVERS) {
    test(`engines agree to rounding in all they compute (${solver})`, (t) => {
      for (const plan of [...sweep(solver), ...wide(solver)]) {
        const a = answers(javascript.kernels, plan);
        const b = answers(native.kernels, plan);
        const { fixture } = a;
        const about = describe(plan);
        const samples = fixture.samplesOf(0);
        const trace = norm(samples.map((g) => [Math.hypot(...g)])) ** 2 / plan.samples;
        // ‖F‖ ≤ tr(F) of any block, and ‖F⁻¹‖ ≤ 1/λ; blocks are alike.
        const rounding = (100 * (2 * trace + 1) * UNIT) / fixture.damping;
        const scale = largest(fixture.diagonal);
        t.true(
          largestError(a.fixture.diagonal, b.fixture.diagonal) <= rounding,
          `${about}: diagonal`,
        );
        t.true(
          largestError(a.fixture.condition, b.fixture.condition) <= rounding,
          `${about}: condition`,
        );
        t.true(
          largestError(a.product, b.product, scale * plan.orders[0]) <= rounding,
          `${about}: product`,
        );
        t.true(
          largestError(a.fixture.gradientSum, b.fixture.gradientSum, plan.samples) <=
            plan.samples * UNIT,
          `${about}: Σ g`,
        );
        for (const [c, key] of a.fixture.keys.entries()) {
          const apart = Math.abs(b.fixture.keys[c] - key);
          t.true(apart <= rounding * (1 + largest(a.fixture.keys)), `${about}: key ${c}, ${apart}`);
        }
        a.updates.forEach(({ weights, losses }, rule) => {
          const size = largest(weights);
          const other = b.updates[rule];
          const error = largestError(weights, other.weights, size);
          t.true(error <= 2 ** -23 + rounding, `${about}: weights of rule ${rule}, ${error}`);
          const apart = largestError(losses, other.losses, largest(losses));
          // Weights that were rounded the other way to float32 move the loss.
          t.true(apart <= 1e-5, `${about}: losses of rule ${rule}, ${apart}`);
        });
      }
    });
  }
} else {
  test('no second engine to compare with', (t) => t.pass());
}

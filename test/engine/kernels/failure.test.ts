import test from 'ava';
import type { SolverName, Status } from '../../../src/engine/kernels.js';
import { engines } from '../engines.js';
import { Fixture, UNTOUCHED } from '../fixture.js';
import { sharedArray } from '../shared-array.js';

/** The block that fails, and the row at which it does. */
const BAD = 2;
const ROW = 21;
const ORDERS = [50, 9, 33, 50];

/** One row of the state makes the block indefinite: S_rr/N = −2λ, or P_rr = −1. */
function broken(
  kernels: (typeof engines)[number]['kernels'],
  solver: SolverName,
  value = solver === 'gram' ? -120e-3 : -1,
): Fixture {
  const fixture = new Fixture({ solver, orders: ORDERS, samples: 60 }).estimate(kernels);
  const row = BAD * fixture.stride + (ROW * (ROW + 1)) / 2;
  fixture.states.fill(0, row, row + ROW);
  fixture.states[row + ROW] = value;
  return fixture;
}

/** Every other weight goes: row 21 when `even` are kept, else the rows beside it. */
function alternating(fixture: Fixture, even: boolean): Uint8Array {
  const mask = sharedArray(Uint8Array, fixture.size);
  ORDERS.forEach((order, block) => {
    for (let i = 0; i < order; i++)
      mask[fixture.starts[block] + i] = Number((i % 2 === 0) === even);
  });
  return mask;
}

const FAILED: Status = { outcome: 'not-positive-definite', block: BAD, pivot: ROW };

for (const { name, kernels } of engines) {
  for (const solver of ['gram', 'woodbury'] as const) {
    test(`failure: update names the row of the block and changes nothing of it (${name}, ${solver})`, (t) => {
      // gram factors the kept rows, woodbury the pruned ones: ROW is among them either way.
      for (const rule of ['joint', 'independent'] as const) {
        const fixture = broken(kernels, solver);
        const before = fixture.weights.slice();
        const mask = alternating(fixture, solver === 'woodbury');
        t.like(kernels.update(fixture.pruning(rule, mask)), FAILED, rule);
        const begin = fixture.starts[BAD];
        t.deepEqual(fixture.weights.subarray(begin), before.subarray(begin));
        t.true(fixture.losses.subarray(2 * BAD).every((loss) => loss === UNTOUCHED));
      }
    });

    test(`failure: greedy names the row of the block and keeps the keys it had (${name}, ${solver})`, (t) => {
      const fixture = broken(kernels, solver);
      t.like(kernels.greedy(fixture.tracing()), FAILED);
      const begin = fixture.starts[BAD];
      for (const array of [fixture.keys, fixture.marginalLosses]) {
        t.true(array.subarray(0, begin).every((value) => value !== UNTOUCHED));
        t.true(array.subarray(begin).every((value) => value === UNTOUCHED));
      }
    });

    test(`failure: group saliency names the row of the block (${name}, ${solver})`, (t) => {
      const groups = [
        [3, ROW],
        [ROW, 3],
        [4, 9, ROW, 30],
      ];
      for (const group of groups) {
        const fixture = broken(kernels, solver);
        const saliencies = sharedArray(Float64Array, 1).fill(UNTOUCHED);
        const indices = group.map((i) => fixture.starts[BAD] + i);
        const job = {
          ...fixture.range(),
          weights: fixture.weights,
          indices: sharedArray(Uint32Array, indices),
          offsets: sharedArray(Uint32Array, [0, group.length]),
          groupFrom: 0,
          groupTo: 1,
          saliencies,
        };
        t.like(kernels.groupSaliency(job), FAILED, group.join());
        t.is(saliencies[0], UNTOUCHED);
      }
    });
  }

  test(`failure: multiply by gram names block and row (${name})`, (t) => {
    const fixture = broken(kernels, 'gram');
    const input = sharedArray(Float64Array, fixture.size).fill(1);
    const output = sharedArray(Float64Array, fixture.size).fill(UNTOUCHED);
    t.like(kernels.multiply({ ...fixture.range(), input, output }), FAILED);
    t.true(output.subarray(fixture.starts[BAD]).every((y) => y === UNTOUCHED));
  });

  test(`failure: a P whose loss cannot be predicted leaves the weights alone (${name})`, (t) => {
    // Of the two rows that P is indefinite in, one is pruned and the other is not.
    const fixture = broken(kernels, 'woodbury', 1);
    const above = BAD * fixture.stride + (ROW * (ROW - 1)) / 2 + ROW - 1;
    fixture.states[BAD * fixture.stride + (ROW * (ROW + 1)) / 2 + ROW - 1] =
      2 * fixture.states[above] + 1e9;
    const before = fixture.weights.slice();
    t.like(kernels.update(fixture.pruning('none', alternating(fixture, true))), FAILED);
    t.deepEqual(
      fixture.weights.subarray(fixture.starts[BAD]),
      before.subarray(fixture.starts[BAD]),
    );
  });

  test(`failure: dual names the block whose samples are dependent beyond rounding (${name})`, (t) => {
    // Every product is 4 and Nλ is lost beside it: the second pivot is 4 − 2² = 0.
    const fixture = new Fixture({ solver: 'dual', orders: [4, 2], samples: 3, damping: 1e-20 });
    fixture.gradients.fill(1);
    fixture.estimate(kernels);
    t.like(kernels.invert(fixture.inversion()), { outcome: 'not-positive-definite', block: 0 });
    t.true(fixture.diagonal.every((d) => d === UNTOUCHED));
  });
}

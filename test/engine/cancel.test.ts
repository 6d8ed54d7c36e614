import test from 'ava';
import { CANCEL, type Kernels, type Status } from '../../src/engine/kernels.js';
import { engines } from './engines.js';
import { Fixture } from './fixture.js';
import { SOLVERS } from './kernels/sweep.js';
import { sharedArray } from './shared-array.js';

/** A call of each kernel over all blocks of a fixture that has its samples. */
function calls(kernels: Kernels, fixture: Fixture): Record<string, () => Status> {
  const { size, weights, mask, squareSum, diagonal, order, plan } = fixture;
  const range = fixture.range();
  const { samples, damping } = range;
  const scores = sharedArray(Float64Array, size).fill(1);
  const counts = sharedArray(Float64Array, 65536);
  const maskAfter = sharedArray(Uint8Array, size);
  const saliencies = sharedArray(Float64Array, plan.orders.length);
  const groups = {
    weights,
    indices: fixture.starts.slice(0, -1),
    offsets: sharedArray(Uint32Array, [...fixture.starts.keys()]),
    groupFrom: 0,
    groupTo: plan.orders.length,
    saliencies,
  };
  const grid = { size: 1, length: 1, step: 1 };
  const choice = { grid, keep: 0, mask, maskAfter, costs: sharedArray(Float64Array, size) };
  const scored = { weights, diagonal, squareSum, samples, damping, scores };
  const ranked = { ...range, scores, mask };
  const vectors = { input: scores, output: sharedArray(Float64Array, size) };
  return {
    invert: () => kernels.invert(fixture.inversion()),
    multiply: () => kernels.multiply({ ...range, ...vectors }),
    groupSaliency: () => kernels.groupSaliency({ ...range, ...groups }),
    chooseSubsets: () => kernels.chooseSubsets({ ...range, ...choice, weights }),
    chooseSmallest: () => kernels.chooseSmallest({ ...range, ...choice, scores }),
    none: () => kernels.update(fixture.pruning('none', maskAfter)),
    independent: () => kernels.update(fixture.pruning('independent', maskAfter)),
    joint: () => kernels.update(fixture.pruning('joint', maskAfter)),
    score: () =>
      kernels.score({ ...range, ...scored, criterion: 'woodfisher', order, seed: 0, stream: 0 }),
    countKeys: () =>
      kernels.countKeys({ ...ranked, level: 0, prefixes: Float64Array.of(0), counts }),
    countTies: () => kernels.countTies({ ...ranked, order, score: 1, level: 0, prefix: 0, counts }),
    cut: () => kernels.cut({ ...ranked, maskAfter, order, score: 1, lastTie: -1 }),
    accumulate: () => kernels.accumulate(fixture.accumulation(range, 0, samples)),
    initialise: () => kernels.initialise(range),
  };
}

for (const { name, kernels } of engines) {
  for (const solver of SOLVERS) {
    const plan = { solver, orders: [20, 20, 20, 7], samples: 5 };

    test(`cancel: every kernel that is told to stop stops (${name}, ${solver})`, (t) => {
      const fixture = new Fixture(plan).estimate(kernels);
      const before = [fixture.states, fixture.rows, fixture.weights].map((array) => [...array]);
      fixture.control[CANCEL] = 1;
      for (const [kernel, call] of Object.entries(calls(kernels, fixture))) {
        t.is(call().outcome, 'cancelled', kernel);
      }
      const after = [fixture.states, fixture.rows, fixture.weights].map((array) => [...array]);
      t.deepEqual(after, before);
    });
  }
}

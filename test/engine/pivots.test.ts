import test from 'ava';
import { engines } from './engines.js';
import { expectDone } from './fisher-diagonal.js';
import { Fixture } from './fixture.js';
import { SOLVERS } from './kernels/sweep.js';
import { sharedArray } from './shared-array.js';

/** Makes a state indefinite from row `pivot` of `block` on. */
function spoil(fixture: Fixture, block: number, pivot: number, value: number): void {
  const at = (block - (fixture.plan.firstBlock ?? 0)) * fixture.stride;
  fixture.states[at + (pivot * (pivot + 3)) / 2] = value;
}

/** Every pivot that kernels of different widths reach in different ways. */
const PIVOTS = [0, 1, 7, 8, 15, 23, 31, 38] as const;

const BAD = [-1e6, Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

for (const { name, kernels } of engines) {
  for (const solver of ['gram', 'woodbury'] as const) {
    test(`pivots: invert names block and pivot, and D is not touched (${name}, ${solver})`, (t) => {
      for (const pivot of PIVOTS) {
        for (const value of BAD) {
          const plan = { solver, orders: [5, 39, 39, 4], samples: 50, firstBlock: 1 };
          const fixture = new Fixture(plan).estimate(kernels);
          spoil(fixture, 2, pivot, value);
          const before = [...fixture.diagonal];
          const status = kernels.invert(fixture.inversion());
          t.like(status, { outcome: 'not-positive-definite', block: 2, pivot }, `${value}`);
          t.deepEqual([...fixture.diagonal.subarray(44)], before.slice(44));
          t.not(fixture.diagonal[5], before[5]);
        }
      }
    });
  }

  test(`pivots: a kept weight that does not factor stops the joint update (${name}, gram)`, (t) => {
    for (const pivot of PIVOTS) {
      const fixture = new Fixture({ solver: 'gram', orders: [39, 39], samples: 50 });
      fixture.estimate(kernels);
      spoil(fixture, 1, pivot, -1e6);
      const after = sharedArray(Uint8Array, fixture.mask);
      for (let c = 0; c < 78; c += 3) if (c !== 39 + pivot) after[c] = 0;
      const before = fixture.weights.slice(39);
      const status = kernels.update(fixture.pruning('joint', after));
      t.like(status, { outcome: 'not-positive-definite', block: 1, pivot });
      t.deepEqual(fixture.weights.slice(39), before);
    }
  });

  test(`pivots: a pruned weight that does not factor stops it (${name}, woodbury)`, (t) => {
    for (const pivot of PIVOTS) {
      const fixture = new Fixture({ solver: 'woodbury', orders: [39, 39], samples: 50 });
      fixture.estimate(kernels);
      spoil(fixture, 1, pivot, -1e6);
      const after = sharedArray(Uint8Array, fixture.mask);
      for (let c = 0; c < 78; c++) if (c % 3 === 0 || c === 39 + pivot) after[c] = 0;
      const before = fixture.weights.slice(39);
      const status = kernels.update(fixture.pruning('joint', after));
      t.like(status, { outcome: 'not-positive-definite', block: 1, pivot });
      t.deepEqual(fixture.weights.slice(39), before);
    }
  });

  test(`pivots: a step of woodbury over an indefinite P names its block (${name})`, (t) => {
    const fixture = new Fixture({ solver: 'woodbury', orders: [9, 20, 9], samples: 40 });
    expectDone(kernels.initialise(fixture.range()));
    for (let i = 0; i < 20; i++) spoil(fixture, 1, i, -1e6);
    const status = kernels.accumulate(fixture.accumulation(fixture.range(), 0, 40));
    t.like(status, { outcome: 'not-positive-definite', block: 1 });
  });

  for (const solver of SOLVERS) {
    test(`pivots: samples that are not numbers give an outcome, no exception (${name}, ${solver})`, (t) => {
      const fixture = new Fixture({ solver, orders: [12, 20], samples: 9 });
      fixture.gradients[3 * 32 + 15] = Number.NaN;
      const range = fixture.range();
      expectDone(kernels.initialise(range));
      let status = kernels.accumulate(fixture.accumulation(range, 0, 9));
      if (status.outcome === 'done') status = kernels.invert(fixture.inversion());
      t.like(status, { outcome: 'not-positive-definite', block: 1 });
    });
  }
}

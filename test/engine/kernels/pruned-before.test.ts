import test from 'ava';
import { engines } from '../engines.js';
import { expectDone } from '../fisher-diagonal.js';
import { Fixture } from '../fixture.js';
import { inverseTolerance, largestError, UNIT } from './close.js';
import { SOLVERS } from './sweep.js';

const ORDER = 31;
const SAMPLES = 12;
const GONE = [0, 7, 8, 30];

for (const { name, kernels } of engines) {
  for (const solver of SOLVERS) {
    test(`a weight pruned before has D = 1/λ, and for the rest it is as if its row were removed (${name}, ${solver})`, (t) => {
      const plan = { solver, samples: SAMPLES, seed: 5 };
      const fixture = new Fixture({ ...plan, orders: [ORDER] });
      for (const c of GONE) fixture.mask[c] = 0;
      fixture.estimate(kernels);
      expectDone(kernels.invert(fixture.inversion()));
      const there = [...fixture.mask.keys()].filter((c) => fixture.mask[c] === 1);
      const other = new Fixture({ ...plan, orders: [there.length] });
      for (let n = 0; n < SAMPLES; n++) {
        there.forEach((c, i) => {
          other.gradients[n * there.length + i] = fixture.gradients[n * ORDER + c];
        });
      }
      other.estimate(kernels);
      expectDone(kernels.invert(other.inversion()));
      const tolerance = inverseTolerance(fixture.dense(0).f, fixture.damping);
      const kept = there.map((c) => fixture.diagonal[c]);
      t.true(largestError(kept, other.diagonal) <= tolerance);
      for (const c of GONE) {
        t.true(Math.abs(fixture.diagonal[c] * fixture.damping - 1) <= 4 * UNIT);
      }
    });
  }
}

import test from 'ava';
import type { CentreJob } from '../../../src/engine/kernels.js';
import { engines } from '../engines.js';
import { expectDone } from '../fisher-diagonal.js';
import { Fixture } from '../fixture.js';

for (const { name, kernels } of engines) {
  test(`centre: takes s sᵀ/N out of its blocks, and nothing anywhere else (${name})`, (t) => {
    const fixture = new Fixture({
      solver: 'gram',
      orders: [9, 17, 4, 17, 3],
      samples: 6,
      firstBlock: 1,
    });
    const { states, stride, gradientSum, starts } = fixture;
    states.forEach((_, i) => {
      states[i] = i % 7;
    });
    gradientSum.set(fixture.weights);
    const expected = states.slice();
    for (const block of [2, 3]) {
      let at = (block - 1) * stride;
      for (let i = starts[block]; i < starts[block + 1]; i++) {
        for (let j = starts[block]; j <= i; j++) {
          expected[at++] -= (gradientSum[i] * gradientSum[j]) / 6;
        }
      }
    }
    const job: CentreJob = { ...fixture.range(2, 4), gradientSum, count: 6, sign: 1 };
    expectDone(kernels.centre(job));
    t.true(states.every((s, i) => Math.abs(s - expected[i]) <= 1e-15 * 7));
    expectDone(kernels.centre({ ...job, sign: -1 }));
    t.true(states.every((s, i) => Math.abs(s - (i % 7)) <= 1e-15 * 14));
  });
}

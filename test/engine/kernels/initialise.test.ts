import test from 'ava';
import { engines } from '../engines.js';
import { expectDone } from '../fisher-diagonal.js';
import { Fixture, UNTOUCHED } from '../fixture.js';

for (const { name, kernels } of engines) {
  for (const solver of ['gram', 'woodbury'] as const) {
    const start = solver === 'gram' ? 'S = 0' : 'P = I/λ';
    test(`initialise: ${start} in its blocks, and nothing anywhere else (${name})`, (t) => {
      const fixture = new Fixture({ solver, orders: [9, 17, 4, 17, 3], samples: 1, firstBlock: 1 });
      expectDone(kernels.initialise(fixture.range(2, 4)));
      const onDiagonal = solver === 'gram' ? 0 : 1 / fixture.damping;
      const expected = new Float64Array(fixture.states.length).fill(UNTOUCHED);
      for (const block of [2, 3]) {
        let at = (block - 1) * fixture.stride;
        for (let i = 0; i < fixture.plan.orders[block]; i++) {
          for (let j = 0; j <= i; j++) expected[at++] = i === j ? onDiagonal : 0;
        }
      }
      t.deepEqual(fixture.states, expected);
    });
  }
}

import test from 'ava';
import { chooseSolver } from '../../src/solvers/choose.js';

test('auto takes dual where samples are few beside the block, else gram, and says why', (t) => {
  for (const [samples, blockSize, name] of [
    [400, 2000, 'dual'],
    [1, 2, 'dual'],
    [62, 100, 'dual'],
    [63, 100, 'gram'],
    [1000, 100, 'gram'],
    [1, 1, 'gram'],
  ] as const) {
    const chosen = chooseSolver('auto', { blockSize, samples, damping: 1e-5 });
    t.is(chosen.name, name, `${samples} samples, blocks of ${blockSize}`);
    t.regex(chosen.reason, new RegExp(`N = ${samples} .*B = ${blockSize}`));
  }
});

test('without the number of samples auto is gram', (t) => {
  t.is(chooseSolver('auto', { blockSize: 2000, damping: 1e-5 }).name, 'gram');
});

test('dual is refused without the number of samples, and for as many as a block has weights', (t) => {
  t.throws(() => chooseSolver('dual', { blockSize: 10 }), { message: /"dual" needs samples/ });
  t.throws(() => chooseSolver('dual', { blockSize: 10, samples: 10 }), {
    message: /"dual" is accurate only .* 10 samples and blocks of 10/,
  });
  t.is(chooseSolver('dual', { blockSize: 10, samples: 9 }).name, 'dual');
});

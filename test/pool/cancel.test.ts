import test from 'ava';
import { BlockFisher, prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { randomArray, randomParameter, seeded } from '../random.js';

/** What a cancelled call may take: 100 ms, and what a busy machine adds. */
const WITHIN = 400;

const random = seeded(4);
const large = randomParameter('large', [4, 1024], random);
const batch = { large: randomArray(24 * 4096, random) };

for (const engine of ENGINES) {
  test.serial(`a signal ends a run inside a block of 4096 weights (${engine})`, async (t) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let aborted = 0;
    const running = prune({
      parameters: [large],
      gradients: [batch],
      sparsity: 0.5,
      blockSize: 4096,
      engine,
      signal: controller.signal,
      onProgress: ({ phase }) => {
        if (phase !== 'accumulate') return;
        setTimeout(() => {
          aborted = performance.now();
          controller.abort(reason);
        }, 60);
      },
    });
    t.is(await t.throwsAsync(running), reason);
    const late = performance.now() - aborted;
    t.log(`${late.toFixed(0)} ms after the signal`);
    t.true(aborted > 0 && late < WITHIN);
  });
}

test('a signal that was aborted before refuses the run', async (t) => {
  const reason = new Error('never mind');
  const run = prune({
    parameters: [large],
    gradients: [batch],
    sparsity: 0.5,
    signal: AbortSignal.abort(reason),
  });
  t.is(await t.throwsAsync(run), reason);
});

test('after a signal every call of a Fisher gives its reason', async (t) => {
  const controller = new AbortController();
  const fisher = await BlockFisher.create({ parameters: [large], signal: controller.signal });
  await fisher.add(batch);
  const reason = new Error('stop');
  controller.abort(reason);
  t.is(await t.throwsAsync(fisher.add(batch)), reason);
  t.is(await t.throwsAsync(fisher.invert()), reason);
  await fisher.dispose();
});

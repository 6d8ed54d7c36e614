import test from 'ava';
import type { EngineName } from '../../src/engine/engine.js';
import { BlockFisher, prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { randomArray, randomParameter, seeded } from '../random.js';

/** Within how many ms a cancelled call must end. */
const WITHIN = 100;

const random = seeded(4);
const large = randomParameter('large', [4, 1024], random);
const batch = { large: randomArray(24 * 4096, random) };

/** Milliseconds from the signal, given at some moment of a phase, to the end of the run. */
async function endsAfter(engine: EngineName, phase: string, delay: number): Promise<number> {
  const controller = new AbortController();
  const reason = new Error('enough');
  let aborted = 0;
  const run = prune({
    parameters: [large],
    gradients: [batch],
    sparsity: 0.5,
    blockSize: 4096,
    engine,
    signal: controller.signal,
    onProgress: (event) => {
      if (event.phase !== phase || aborted > 0) return;
      aborted = Number.POSITIVE_INFINITY;
      setTimeout(() => {
        aborted = performance.now();
        controller.abort(reason);
      }, delay);
    },
  });
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error !== reason) throw error ?? new Error('the run ended before the signal');
  return performance.now() - aborted;
}

for (const engine of ENGINES) {
  for (const delay of [0, 60, 150]) {
    test.serial(
      `a signal ends a run inside a block of 4096 weights, ${delay} ms after its sums (${engine})`,
      async (t) => {
        // A busy machine adds to it: the library is at fault only if it is late every time.
        const times: number[] = [];
        do times.push(await endsAfter(engine, 'accumulate', delay));
        while (Math.min(...times) > WITHIN && times.length < 4);
        t.log(`${times.map((ms) => ms.toFixed(0)).join(', ')} ms after the signal`);
        t.true(Math.min(...times) <= WITHIN);
      },
    );
  }
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

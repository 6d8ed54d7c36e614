import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { batchSamples, gradientBatches, readAhead } from '../../src/files/gradient-batches.js';
import {
  type GradientFiles,
  MatchedGradients,
  openGradients,
} from '../../src/files/gradient-files.js';
import { wholeRegion } from '../../src/files/region.js';
import { writeSafetensors } from '../../src/formats/safetensors/writer.js';
import { temporaryFolder } from '../formats/temporary-folder.js';

const SIZES = [
  ['a', 6],
  ['__proto__', 5],
] as const;

const COLUMNS = SIZES.map(([name, size]) => ({ name, region: wholeRegion(size) }));

/** Files whose samples are numbered through: element i of a sample n is n + i / 16. */
async function writeFiles(folder: string, counts: readonly number[]): Promise<GradientFiles> {
  let first = 0;
  for (const [f, count] of counts.entries()) {
    await writeSafetensors(
      join(folder, `g${f}`),
      SIZES.map(([name, size]) => ({
        ...{ name, dtype: 'F32', shape: [count, size] },
        data: Float32Array.from({ length: count * size }, (_, i) => value(first, size, i)),
      })),
    );
    first += count;
  }
  const paths = counts.map((_, f) => join(folder, `g${f}`));
  return await openGradients(paths, { path: 'model', tensors: new Map() });
}

function value(first: number, size: number, i: number): number {
  return first + Math.floor(i / size) + (i % size) / 16;
}

async function open(
  t: ExecutionContext,
  counts: readonly number[],
): Promise<{ files: MatchedGradients; folder: string }> {
  const folder = await temporaryFolder(t);
  const sets = await writeFiles(folder, counts);
  t.teardown(() => sets[Symbol.asyncDispose]());
  return { files: new MatchedGradients(sets.sets, counts), folder };
}

test('every sample comes once, in order, over all files, on shared memory', async (t) => {
  const { files } = await open(t, [70, 1, 79]);
  let next = 0;
  for await (const batch of gradientBatches(files, COLUMNS)) {
    const count = batch.a.length / 6;
    t.is(count, Math.min(64, 150 - next));
    for (const [name, size] of SIZES) {
      const expected = Float32Array.from({ length: count * size }, (_, i) => value(next, size, i));
      t.deepEqual(new Float32Array(batch[name]), expected);
      t.true(batch[name].buffer instanceof SharedArrayBuffer);
    }
    next += count;
  }
  t.is(next, 150);
});

test('a region has the columns asked for alone, row by row', async (t) => {
  const { files } = await open(t, [3, 2]);
  const region = { begin: 1, length: 2, rows: 2, stride: 3 };
  for await (const { a } of gradientBatches(files, [{ name: 'a', region }])) {
    const expected = Array.from({ length: 5 }, (_, n) => [1, 2, 4, 5].map((i) => n + i / 16));
    t.deepEqual([...a], expected.flat());
  }
});

test('the batch in use stays as it is while the next one is read', async (t) => {
  const { files } = await open(t, [300]);
  const batches = gradientBatches(files, COLUMNS);
  const { value: first } = await batches.next();
  await setTimeout(50);
  t.is(first?.a[6], 1);
  await batches.return(undefined);
});

test('large models come in fewer samples at a time, whole steps of 16 at least', (t) => {
  t.is(batchSamples(1), 64);
  t.is(batchSamples(1_000_000), 64);
  t.is(batchSamples(2_000_000), 32);
  t.is(batchSamples(1_000_000_000), 16);
});

test('a file that became shorter ends the stream with its name and the byte', async (t) => {
  const { files, folder } = await open(t, [64, 64]);
  const batches = gradientBatches(files, COLUMNS);
  await truncate(join(folder, 'g1'), 200);
  t.is((await batches.next()).value?.a.length, 384);
  await t.throwsAsync(batches.next(), {
    code: 'ERR_WOODFISHER_FORMAT',
    message: /g1: the file became shorter while open: \d+ bytes are missing \(at byte \d+\)/,
  });
});

test('an aborted signal ends the stream with its reason', async (t) => {
  const { files } = await open(t, [1000]);
  const controller = new AbortController();
  const batches = gradientBatches(files, COLUMNS, controller.signal);
  await batches.next();
  controller.abort(new Error('enough'));
  await t.throwsAsync(
    async () => {
      for await (const _ of batches);
    },
    { message: 'enough' },
  );
});

test('reading ahead ends, whether it is stopped or the files are gone', async (t) => {
  const { files, folder } = await open(t, [3, 2]);
  await readAhead(files, COLUMNS, 5).ended;
  const { ended, stop } = readAhead(files, COLUMNS, 5);
  stop();
  await ended;
  await truncate(join(folder, 'g0'), 100);
  await readAhead(files, COLUMNS, 5).ended;
  await t.throwsAsync(
    async () => {
      for await (const _ of gradientBatches(files, COLUMNS));
    },
    { code: 'ERR_WOODFISHER_FORMAT' },
  );
});

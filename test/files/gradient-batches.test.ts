import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { batchSamples, gradientBatches } from '../../src/files/gradient-batches.js';
import type { TensorInfo, TensorReader } from '../../src/files/tensor-reader.js';

const tensors: TensorInfo[] = [
  { name: 'a', dtype: 'F32', shape: [2, 3], size: 6 },
  { name: '__proto__', dtype: 'F32', shape: [5, 1], size: 5 },
];

/** A file whose element i of any tensor is i; `reads` notes what was asked for. */
function counting(reads: string[] = [], failAt = Number.POSITIVE_INFINITY): TensorReader {
  return {
    path: 'counting',
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    metadata: new Map(),
    async read(name, { start = 0, into = new Float32Array(0) } = {}) {
      await setTimeout(1);
      if (start >= failAt) throw new Error(`no element ${start}`);
      reads.push(`${name} ${start} ${into.length}`);
      for (let i = 0; i < into.length; i++) into[i] = start + i;
      return into;
    },
    readBytes: () => Promise.reject(new Error('not used')),
  };
}

test('every sample comes once, in order, on shared memory', async (t) => {
  let next = 0;
  for await (const batch of gradientBatches(counting(), tensors, 150)) {
    const count = batch.a.length / 6;
    t.is(count, Math.min(64, 150 - next));
    for (const { name, size } of tensors) {
      const expected = Float32Array.from({ length: count * size }, (_, i) => next * size + i);
      t.deepEqual(new Float32Array(batch[name]), expected);
      t.true(batch[name].buffer instanceof SharedArrayBuffer);
    }
    next += count;
  }
  t.is(next, 150);
});

test('the next batch is read while one is in use, and no further', async (t) => {
  const reads: string[] = [];
  const batches = gradientBatches(counting(reads), tensors, 1000);
  const { value } = await batches.next();
  await setTimeout(50);
  t.deepEqual(
    reads.filter((read) => read.startsWith('a')),
    ['a 0 384', 'a 384 384'],
  );
  t.is(value?.a[0], 0, 'the batch in use stays as it is');
  await batches.return(undefined);
});

test('large models come in fewer samples at a time, whole steps of 16 at least', (t) => {
  t.is(batchSamples(1), 64);
  t.is(batchSamples(1_000_000), 64);
  t.is(batchSamples(2_000_000), 32);
  t.is(batchSamples(1_000_000_000), 16);
});

test('a read that fails ends the stream with its error, after the batches before', async (t) => {
  const batches = gradientBatches(counting([], 64 * 5), tensors, 128);
  t.is((await batches.next()).value?.a.length, 384);
  await setTimeout(30); // the failure waits for the batch to be asked for
  await t.throwsAsync(batches.next(), { message: /no element/ });
});

test('an aborted signal ends the stream with its reason', async (t) => {
  const controller = new AbortController();
  const batches = gradientBatches(counting(), tensors, 1000, controller.signal);
  await batches.next();
  controller.abort(new Error('enough'));
  await batches.next(); // was read before
  await t.throwsAsync(batches.next(), { message: 'enough' });
});

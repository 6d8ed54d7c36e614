import test from 'ava';
import { readDataset } from '../../src/tfjs/data/dataset.js';
import { tf, useBackend } from './backends.js';

/** Elements of 8 examples, the last of 4: example n has the input [n, n] and the label n. */
function stream() {
  const begins = [0, 8, 16];
  return {
    iterator: async () => ({
      next: async () => {
        const begin = begins.shift();
        if (begin === undefined) return { value: undefined, done: true };
        const numbers = Array.from({ length: Math.min(8, 20 - begin) }, (_, n) => begin + n);
        const xs = tf.tensor2d(numbers.map((n) => [n, n]));
        return { value: { xs, ys: tf.tensor1d(numbers, 'int32') }, done: false };
      },
    }),
  };
}

test.serial('as many examples are read as asked for, also in the middle of a batch', async (t) => {
  await useBackend('cpu');
  const before = tf.memory().numTensors;
  for (const most of [1, 7, 8, 11, 20, 25, Number.POSITIVE_INFINITY]) {
    const read = await readDataset(tf, stream(), [2], { most, what: 'dataset' });
    const numbers = Array.from({ length: Math.min(most, 20) }, (_, n) => n);
    t.is(read.count, numbers.length);
    t.deepEqual(
      [...read.inputs],
      numbers.flatMap((n) => [n, n]),
    );
    t.deepEqual([...read.labels], numbers);
  }
  t.is(tf.memory().numTensors, before);
});

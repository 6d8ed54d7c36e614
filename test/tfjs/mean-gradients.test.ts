import test from 'ava';
import { meanGradients, perExampleGradients } from '../../src/tfjs/index.js';
import { backends, tf, useBackend } from './backends.js';
import { network } from './networks.js';
import { randomFloats, softmax } from './oracle.js';

const { dense } = tf.layers;
const classes = Array.from({ length: 23 }, (_, n) => n % 3);
const inputs = randomFloats(23 * 4, 5);
const loss = 'categoricalCrossentropy' as const;

async function gather(
  batches: AsyncIterable<Record<string, Float32Array>>,
): Promise<Record<string, number[]>> {
  const all: Record<string, number[]> = {};
  for await (const batch of batches) {
    for (const [name, values] of Object.entries(batch)) {
      all[name] = [...(all[name] ?? []), ...values];
    }
  }
  return all;
}

for (const backend of backends) {
  test.serial(
    `a sample is the mean of m examples' gradients, for any batches (${backend})`,
    async (t) => {
      await useBackend(backend);
      const { model } = await network([
        [dense({ units: 5, inputShape: [4], activation: 'relu' })],
        [dense({ units: 3, activation: 'softmax' }), softmax],
      ]);
      const single = await gather(
        perExampleGradients(model, inputs, classes, { tf, loss, biases: true }),
      );
      for (const [m, batchSize, samplesPerBatch] of [
        [1, 4, 1],
        [4, 3, 2],
        [5, 128, 3],
        [23, 7, 1],
      ]) {
        const options = {
          tf,
          loss,
          biases: true,
          examplesPerSample: m,
          batchSize,
          samplesPerBatch,
        };
        const means = await gather(meanGradients(model, inputs, classes, options));
        t.deepEqual(Object.keys(means).toSorted(), Object.keys(single).toSorted());
        for (const [name, values] of Object.entries(means)) {
          const size = single[name].length / 23;
          t.is(values.length, Math.floor(23 / m) * size);
          for (const [at, mean] of values.entries()) {
            const [sample, c] = [Math.floor(at / size), at % size];
            let sum = 0;
            for (let n = sample * m; n < (sample + 1) * m; n++) sum += single[name][n * size + c];
            t.true(Math.abs(mean - sum / m) < 1e-6);
          }
        }
      }
    },
  );
}

test.serial('m and the number of samples must be whole', async (t) => {
  await useBackend('cpu');
  const { model } = await network([[dense({ units: 3, inputShape: [4], activation: 'softmax' })]]);
  const refused = (options: { examplesPerSample: number; samplesPerBatch?: number }) =>
    gather(meanGradients(model, inputs, classes, { tf, loss, ...options }));
  await t.throwsAsync(refused({ examplesPerSample: 1.5 }), {
    message: /examplesPerSample must be a whole number of at least 1, but is 1.5/,
  });
  await t.throwsAsync(refused({ examplesPerSample: 2, samplesPerBatch: 0 }), {
    message: /samplesPerBatch must be a whole number of at least 1, but is 0/,
  });
});

import test from 'ava';
import { wasmTensorFlow } from '../../examples/digits/tf-model.js';
import { batchGradients } from '../../examples/gradual-pruning/convolutional-step.js';
import { buildConvolutional, CONVOLUTIONS } from '../../examples/gradual-pruning/lenet-5.js';
import { meanGradients } from '../../src/tfjs/index.js';
import { randomArray, seeded } from '../random.js';

test('the gradients that the convnet is trained with are those of meanGradients', async (t) => {
  const tf = await wasmTensorFlow();
  const model = buildConvolutional(tf, 3);
  const labels = Uint8Array.from({ length: 12 }, (_, n) => n % 10);
  const images = randomArray(12 * 784, seeded(5));
  const tensors = tf.memory().numTensors;
  const options = { tf, loss: 'sparseCategoricalCrossentropy', biases: true } as const;
  const all = meanGradients(model, images, labels, { ...options, examplesPerSample: 12 });
  const { value: expected } = await all.next();
  await all.return();
  const found = tf.tidy(() =>
    batchGradients(tf, model, CONVOLUTIONS, { images, labels }).map(({ name, tensor }) => ({
      name,
      values: tensor.dataSync<'float32'>().slice(),
    })),
  );
  t.is(tf.memory().numTensors, tensors);
  t.is(found.length, 8);
  for (const { name, values } of found) {
    const wanted = expected?.[name] as Float32Array;
    const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    t.true(scale > 0, name);
    // Sums of up to 12 · 24 · 24 products in float32, in another order.
    values.forEach((value, i) => {
      t.true(Math.abs(value - wanted[i]) <= 1e-5 * scale, `${name} ${i}: ${value}, ${wanted[i]}`);
    });
  }
  model.dispose();
});

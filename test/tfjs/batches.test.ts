import test from 'ava';
import { prune } from '../../src/index.js';
import { modelParameters, perExampleFactors, perExampleGradients } from '../../src/tfjs/index.js';
import { outerProducts } from '../../src/tfjs/outer-products.js';
import { pacer } from '../../src/tfjs/pace.js';
import { tf, useBackend } from './backends.js';
import { collect, network } from './networks.js';
import { activations, randomFloats, softmax } from './oracle.js';

const n = 13;
const classes = Array.from({ length: n }, (_, i) => (i * 7) % 3);
const inputs = randomFloats(n * 4, 21);
const loss = 'categoricalCrossentropy' as const;

test.before(() => useBackend('wasm'));

const small = () =>
  network([
    [tf.layers.dense({ units: 5, inputShape: [4], activation: 'relu' }), activations.relu],
    [tf.layers.dense({ units: 3, activation: 'softmax' }), softmax],
  ]);

test.serial('batches of any size, joined, equal one batch', async (t) => {
  const { model } = await small();
  const whole = await collect(model, inputs, classes, { loss });
  for (const batchSize of [1, 2, 5, 12, 13, 14]) {
    const sizes: number[] = [];
    const parts = await collect(model, inputs, classes, { loss, batchSize });
    for await (const batch of perExampleFactors(model, inputs, classes, { loss, batchSize, tf })) {
      const [layer] = Object.values(batch);
      sizes.push('inputs' in layer ? layer.inputs.length / 4 : 0);
    }
    t.deepEqual(sizes.slice(0, -1), Array(sizes.length - 1).fill(batchSize));
    t.is(
      sizes.reduce((sum, size) => sum + size, 0),
      n,
    );
    for (const [name, values] of Object.entries(whole)) {
      t.is(parts[name].length, values.length);
      t.true(values.every((value, i) => Math.abs(parts[name][i] - value) <= 16 * 2 ** -24));
    }
  }
});

test.serial('kernels alone by default, biases on request', async (t) => {
  const { model } = await small();
  const [first, second] = model.layers.map((layer) => layer.name);
  t.deepEqual(Object.keys(await collect(model, inputs, classes, { loss })), [
    `${first}/kernel`,
    `${second}/kernel`,
  ]);
  const all = await collect(model, inputs, classes, { loss, biases: true });
  t.is(all[`${first}/kernel`].length, n * 4 * 5);
  t.is(all[`${first}/bias`].length, n * 5);
  t.is(all[`${second}/bias`].length, n * 3);
});

test.serial('inputs and labels in all their forms give the same gradients', async (t) => {
  const { model } = await small();
  const whole = await collect(model, inputs, classes, { loss });
  const oneHot = tf.oneHot(classes, 3);
  for (const form of [
    Int32Array.from(classes),
    Uint8Array.from(classes),
    Float32Array.from(classes),
    tf.tensor1d(classes),
    tf.tensor2d(classes, [n, 1], 'int32'),
    oneHot,
    oneHot.dataSync() as Int32Array,
  ]) {
    t.deepEqual(await collect(model, inputs, form, { loss, batchSize: 8 }), whole);
  }
  const tensor = tf.tensor2d(inputs, [n, 4]);
  t.deepEqual(await collect(model, tensor, classes, { loss, batchSize: 8 }), whole);
  const integers = tf.tensor2d(
    inputs.map((x) => Math.round(9 * x)),
    [n, 4],
    'int32',
  );
  t.deepEqual(
    await collect(model, integers, classes, { loss }),
    await collect(model, Float32Array.from(await integers.data()), classes, { loss }),
  );
});

test.serial('a functional model gives the gradients of the sequential one', async (t) => {
  const { model } = await small();
  const input = tf.input({ shape: [4] });
  let output = input;
  for (const layer of model.layers) output = layer.apply(output) as typeof input;
  const functional = tf.model({ inputs: input, outputs: output });
  t.deepEqual(
    await collect(functional, inputs, classes, { loss }),
    await collect(model, inputs, classes, { loss }),
  );
});

test.serial('models inside a model are followed, at the beginning and later', async (t) => {
  const { model } = await small();
  const [first, second] = model.layers;
  const alone = (layer: tf.layers.Layer, size: number) => {
    const input = tf.input({ shape: [size] });
    return tf.model({ inputs: input, outputs: layer.apply(input) as typeof input });
  };
  const nested = tf.sequential({ layers: [alone(first, 4), alone(second, 5)] });
  const gradients = await collect(nested, inputs, classes, { loss, biases: true });
  t.deepEqual(
    Object.keys(gradients),
    modelParameters(nested).map(({ name }) => name),
  );
  t.deepEqual(
    Object.values(gradients),
    Object.values(await collect(model, inputs, classes, { loss, biases: true })),
  );
});

test.serial('weights are read anew for each batch', async (t) => {
  const { model } = await small();
  const batches = perExampleGradients(model, inputs, classes, { loss, tf, batchSize: 8 });
  await batches.next();
  model.layers.forEach((layer) => {
    tf.tidy(() => layer.setWeights(layer.getWeights().map((weights) => tf.zerosLike(weights))));
  });
  const { value } = await batches.next();
  t.true(value?.[`${model.layers[1].name}/kernel`].every((g) => g === 0));
});

test('outer products keep what is not finite, also where the input is zero', async (t) => {
  const layer = { kernel: 'k', bias: undefined, in: 2, out: 2 };
  const inputs = new Float32Array([0, 1, 0, 2]);
  const deltas = new Float32Array([Number.NaN, 1, 3, 4]);
  const products = await outerProducts({ ...layer, inputs, deltas }, 2, pacer());
  t.deepEqual([...products], [Number.NaN, 0, Number.NaN, 1, 0, 0, 6, 8]);
});

test('outer products give way between pieces and stop when aborted', async (t) => {
  const layer = { kernel: 'k', bias: undefined, in: 1024, out: 1024 };
  const factors = { ...layer, inputs: randomFloats(4096, 1), deltas: randomFloats(4096, 2) };
  const controller = new AbortController();
  let turns = 0;
  const count = setInterval(() => turns++, 0);
  await outerProducts(factors, 4, pacer({ slice: 0 }));
  clearInterval(count);
  t.true(turns > 0);
  const stopped = outerProducts(factors, 4, pacer({ slice: 0, signal: controller.signal }));
  controller.abort();
  await t.throwsAsync(stopped, { any: true, name: 'AbortError' });
});

test.serial('the factors give the Fisher that the products give', async (t) => {
  const { model } = await small();
  const parameters = modelParameters(model);
  const [whole, factored] = await Promise.all(
    [perExampleGradients, perExampleFactors].map(async (source) => {
      const gradients = source(model, inputs, classes, { loss, batchSize: 5, tf });
      return await prune({ parameters, gradients, sparsity: 0.5, blockSize: 3 });
    }),
  );
  whole.parameters.forEach(({ data, mask }, p) => {
    t.deepEqual(factored.parameters[p].mask, mask);
    t.true(data.every((w, i) => Math.abs(w - factored.parameters[p].data[i]) <= 1e-5));
  });
});

import test from 'ava';
import {
  gradientModes,
  type LossFunction,
  type LossName,
  perExampleGradients,
  pruneModel,
} from '../../src/tfjs/index.js';
import { randomArray, seeded } from '../random.js';
import { backends, tf, useBackend } from './backends.js';

const { layers } = tf;

/** Images of any size are enlarged, as a network for super-resolution does. */
function enlarging(rows: number | null, columns: number | null): tf.LayersModel {
  const input = tf.input({ shape: [rows, columns, 2] });
  const at = (seed: number) => ({
    kernelInitializer: tf.initializers.glorotUniform({ seed }),
    padding: 'same' as const,
  });
  const stem = layers.conv2d({ name: 'stem', filters: 4, kernelSize: 3, ...at(1) }).apply(input);
  const block = layers
    .conv2d({ name: 'block', filters: 4, kernelSize: 3, activation: 'relu', ...at(2) })
    .apply(stem);
  const sum = layers.add().apply([stem, block] as tf.SymbolicTensor[]);
  const large = layers.upSampling2d({ size: [2, 2] }).apply(sum);
  const mixed = layers.dense({ name: 'mixed', units: 3 }).apply(large);
  const last = layers.conv2d({ name: 'last', filters: 2, kernelSize: 3, ...at(3) }).apply(mixed);
  return tf.model({ inputs: input, outputs: last as tf.SymbolicTensor });
}

/** [k] */
const squaredError: LossFunction = (labels, predictions) =>
  tf.mean(tf.squaredDifference(labels, predictions), [1, 2, 3]);

function images(count: number, rows: number, columns: number, seed: number): tf.Tensor4D {
  return tf.tensor4d(randomArray(count * rows * columns * 2, seeded(seed)), [
    ...[count, rows, columns, 2],
  ] as [number, number, number, number]);
}

async function gradientsOf(
  model: tf.LayersModel,
  xs: tf.Tensor,
  ys: tf.Tensor,
  loss: LossName | LossFunction = squaredError,
): Promise<Record<string, number[]>> {
  for await (const batch of perExampleGradients(model, xs, ys, { tf, loss })) {
    return Object.fromEntries(Object.entries(batch).map(([name, g]) => [name, [...g]]));
  }
  throw new Error('no batch');
}

for (const backend of backends) {
  test.serial(
    `a model of any image size has the gradients of one of that size, ${backend}`,
    async (t) => {
      await useBackend(backend);
      const open = enlarging(null, null);
      t.deepEqual(
        gradientModes(open).map(({ mode }) => mode),
        gradientModes(enlarging(5, 6)).map(({ mode }) => mode),
      );
      for (const [rows, columns] of [
        [5, 6],
        [4, 4],
      ]) {
        const fixed = enlarging(rows, columns);
        fixed.setWeights(open.getWeights());
        const xs = images(3, rows, columns, rows);
        const ys = images(3, 2 * rows, 2 * columns, 7);
        t.deepEqual(await gradientsOf(open, xs, ys), await gradientsOf(fixed, xs, ys));
      }
    },
  );
}

test.serial(
  'it is pruned in one call, from arrays of tensors and from a dataset, and nothing leaks',
  async (t) => {
    await useBackend('cpu');
    const model = enlarging(null, null);
    const xs = images(24, 5, 6, 1);
    const ys = tf.tidy(() => tf.image.resizeBilinear(xs, [10, 12]));
    const options = { tf, loss: squaredError, sparsity: 0.5, samples: 16, seed: 3 };
    const before = tf.memory().numTensors;
    const pruned = await pruneModel(model, { xs, ys }, options);
    const { kept } = pruned.statistics;
    t.is(kept.filter(({ shape }) => shape.length > 1).length, 0);
    t.is(pruned.statistics.totals.sparsity, 0.5);
    pruned.model.dispose();
    t.is(tf.memory().numTensors, before);

    const single = tf.data.zip({
      xs: tf.data.array(tf.unstack(xs)),
      ys: tf.data.array(tf.unstack(ys)),
    } as never) as never;
    const streamed = await pruneModel(model, single, { ...options, maxExamples: 24 });
    t.deepEqual(streamed.masks, pruned.masks);
    streamed.model.dispose();
  },
);

test.serial('named losses of targets take images, of open and of fixed sizes', async (t) => {
  await useBackend('cpu');
  const xs = images(3, 5, 6, 5);
  const bits = tf.tidy(() => tf.cast(tf.greater(images(3, 10, 12, 6), 0), 'float32'));
  const functions: Record<string, LossFunction> = {
    meanSquaredError: squaredError,
    binaryCrossentropy: (labels, predictions) =>
      tf.mean(tf.metrics.binaryCrossentropy(labels, predictions), [1, 2]),
  };
  for (const size of [5, null]) {
    const linear = enlarging(size, size === null ? null : 6);
    const sigmoid = layers.activation({ activation: 'sigmoid' }).apply(linear.outputs);
    const model = tf.model({ inputs: linear.inputs, outputs: sigmoid as tf.SymbolicTensor });
    for (const [name, own] of Object.entries(functions)) {
      const [named, given] = await Promise.all(
        [name as LossName, own].map((loss) => gradientsOf(model, xs, bits, loss)),
      );
      for (const [parameter, values] of Object.entries(given)) {
        const largest = Math.max(...values.map(Math.abs));
        t.true(largest > 0);
        for (const [i, g] of values.entries()) {
          t.true(Math.abs(g - named[parameter][i]) < 1e-5 * largest, `${name}, ${parameter}`);
        }
      }
    }
  }
  const model = enlarging(null, null);
  model.compile({ loss: 'binaryCrossentropy', optimizer: 'sgd', metrics: ['mse', 'accuracy'] });
  const pruned = await pruneModel(model, { xs, ys: bits }, { tf, sparsity: 0, validationSplit: 0 });
  const right = tf.equal(tf.greater(model.predict(xs) as tf.Tensor, 0.5), bits);
  const count = tf.sum(tf.cast(right, 'int32')).dataSync()[0];
  // The mean is one of float32.
  t.true(Math.abs(pruned.metricsBefore.accuracy * right.size - count) < right.size * 2 ** -23);
  t.true(pruned.metricsBefore.mse > 0);
  pruned.model.dispose();
  const samples = perExampleGradients(model, xs, undefined, {
    ...{ tf, loss: 'meanSquaredError', fisher: 'true' },
  });
  t.is((await samples.next()).value?.['stem/kernel'].length, 3 * 72);
  const wrong = perExampleGradients(model, xs, xs, { tf, loss: 'meanSquaredError' });
  await t.throwsAsync(wrong.next(), {
    code: 'ERR_WOODFISHER_OPTION',
    message: /labels must be of 240 values for each example, as the outputs are, but is 60/,
  });
});

test.serial('sizes that nothing tells, or that differ, are refused', async (t) => {
  await useBackend('cpu');
  const model = enlarging(null, null);
  const options = { tf, loss: squaredError };
  const ys = images(1, 10, 12, 2);
  await t.throwsAsync(perExampleGradients(model, new Float32Array(60), ys, options).next(), {
    code: 'ERR_WOODFISHER_OPTION',
    message: /inputs must be a tf.Tensor \[n, any, any, 2\], which tells its sizes/,
  });
  const wrong = tf.zeros([1, 5, 6, 3]);
  await t.throwsAsync(perExampleGradients(model, wrong, ys, options).next(), {
    message: /inputs must be of shape \[n, any, any, 2\], but is "\[1, 5, 6, 3\]"/,
  });
  const elements = [5, 4].map((rows) => ({
    xs: images(2, rows, 6, rows),
    ys: images(2, 10, 12, 3),
  }));
  const mixed = tf.data.array(elements as never) as never;
  await t.throwsAsync(pruneModel(model, mixed, { ...options, sparsity: 0.5 }), {
    message: /dataset.xs must be of shape \[5,6,2\] for each example, as in the first element/,
  });
});

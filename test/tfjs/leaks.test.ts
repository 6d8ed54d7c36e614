import test from 'ava';
import { modelParameters, perExampleGradients, setModelWeights } from '../../src/tfjs/index.js';
import { backends, tf, useBackend } from './backends.js';
import { collect } from './networks.js';
import { randomFloats } from './oracle.js';

const n = 12;
const classes = Array.from({ length: n }, (_, i) => i % 3);
const inputs = randomFloats(n * 4, 33);
const loss = 'categoricalCrossentropy' as const;

for (const backend of backends) {
  /** Runs `use` with a model and tells how many tensors and bytes are left of it. */
  const leftBy = async (use: (model: tf.LayersModel) => Promise<unknown>) => {
    await useBackend(backend);
    const model = tf.sequential({
      layers: [
        tf.layers.reshape({ targetShape: [4], inputShape: [2, 2] }),
        tf.layers.dense({ units: 5 }),
        tf.layers.dropout({ rate: 0.5 }),
        tf.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    });
    const before = tf.memory();
    await use(model);
    const after = tf.memory();
    model.dispose();
    return [after.numTensors - before.numTensors, after.numBytes - before.numBytes];
  };

  test.serial(`no tensor is left by all batches (${backend})`, async (t) => {
    t.deepEqual(
      await leftBy((model) => collect(model, inputs, classes, { loss, batchSize: 5 })),
      [0, 0],
    );
  });

  test.serial(
    `no tensor is left by tensor inputs and labels but themselves (${backend})`,
    async (t) => {
      const left = await leftBy(async (model) => {
        const x = tf.tensor(inputs, [n, 2, 2]);
        const y = tf.tensor1d(classes);
        await collect(model, x, y, { loss, batchSize: 5 });
        x.dispose();
        y.dispose();
      });
      t.deepEqual(left, [0, 0]);
    },
  );

  test.serial(`no tensor is there between batches, nor left by a break (${backend})`, async (t) => {
    const left = await leftBy(async (model) => {
      const { numTensors } = tf.memory();
      for await (const _ of perExampleGradients(model, inputs, classes, {
        loss,
        tf,
        batchSize: 5,
      })) {
        t.is(tf.memory().numTensors, numTensors);
        break;
      }
    });
    t.deepEqual(left, [0, 0]);
  });

  test.serial(`no tensor is left by a loss that throws (${backend})`, async (t) => {
    const left = await leftBy(async (model) => {
      const broken = (labels: tf.Tensor, y: tf.Tensor) => {
        tf.mul(y, tf.expandDims(labels, 1));
        throw new Error('broken');
      };
      await t.throwsAsync(collect(model, inputs, classes, { loss: broken }), { message: 'broken' });
      const scalar = (_: tf.Tensor, y: tf.Tensor) => tf.mean(y);
      const error = await t.throwsAsync(collect(model, inputs, classes, { loss: scalar }));
      t.regex(error?.message ?? '', /one loss for each example, shape \[12\]/);
      const constant = (labels: tf.Tensor) => tf.square(labels);
      const without = await t.throwsAsync(collect(model, inputs, classes, { loss: constant }));
      t.regex(without?.message ?? '', /Cannot compute gradient/);
      const sorted = (_: tf.Tensor, y: tf.Tensor) => tf.sum(tf.topk(y, 2).values, 1);
      const no = await t.throwsAsync(collect(model, inputs, classes, { loss: sorted }));
      t.regex(no?.message ?? '', /gradient function not found for TopK/);
    });
    t.deepEqual(left, [0, 0]);
  });

  test.serial(`no tensor is left by an abort (${backend})`, async (t) => {
    const left = await leftBy(async (model) => {
      const controller = new AbortController();
      const { signal } = controller;
      const batches = perExampleGradients(model, inputs, classes, {
        loss,
        tf,
        batchSize: 5,
        signal,
      });
      await batches.next();
      controller.abort();
      await t.throwsAsync(batches.next(), { any: true, name: 'AbortError' });
    });
    t.deepEqual(left, [0, 0]);
  });

  test.serial(`no tensor is left by reading and writing weights (${backend})`, async (t) => {
    const left = await leftBy(async (model) => {
      await setModelWeights(model, modelParameters(model), { tf });
      await t.throwsAsync(
        setModelWeights(model, [{ name: 'x', data: new Float32Array(1) }], { tf }),
      );
    });
    t.deepEqual(left, [0, 0]);
  });
}

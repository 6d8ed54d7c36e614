import test from 'ava';
import type { WoodFisherErrorCode } from '../../src/errors.js';
import { type GradientOptions, type Labels, perExampleGradients } from '../../src/tfjs/index.js';
import { tf, useBackend } from './backends.js';

const { layers } = tf;
const loss = 'categoricalCrossentropy' as const;

test.before(() => useBackend('cpu'));

/** The error of asking for the first batch of gradients. */
async function refusal(
  model: unknown,
  inputs: unknown = new Float32Array(8),
  labels: unknown = [0, 1],
  options: GradientOptions = { loss },
): Promise<{ code?: WoodFisherErrorCode; message: string }> {
  try {
    const gradients = perExampleGradients(
      model as tf.LayersModel,
      inputs as Float32Array,
      labels as Labels,
      { tf, ...options },
    );
    await gradients.next();
  } catch (error) {
    return error as Error;
  }
  return { message: 'nothing was thrown' };
}

const chain = (...parts: tf.layers.Layer[]) => tf.sequential({ layers: parts });
const classifier = () => chain(layers.dense({ units: 3, inputShape: [4], activation: 'softmax' }));

test.serial('models that have no gradients here are refused', async (t) => {
  const input = tf.input({ shape: [4] });
  const once = layers.dense({ units: 4 }).apply(input) as typeof input;
  const stateful = layers.lstm({
    name: 'memory',
    units: 2,
    stateful: true,
    batchInputShape: [2, 3, 4],
  });
  const cases: [unknown, RegExp][] = [
    [tf.model({ inputs: input, outputs: [input, once] }), /1 inputs and 2 outputs/],
    [chain(layers.reLU({ inputShape: [4] })), /at least one layer with a kernel, but has none/],
    [tf.sequential(), /must be built/],
    [chain(layers.softmax({ axis: 0, inputShape: [4] }), layers.dense({ units: 3 })), /batch axis/],
    [chain(stateful), /"memory" \(LSTM\) keeps its state between batches/],
    [
      chain(layers.batchNormalization({ axis: 1, inputShape: [3, 4] }), layers.dense({ units: 1 })),
      /\(BatchNormalization\) has axis 1; it must be the last/,
    ],
    [{}, /must be a tf.LayersModel of the TensorFlow.js build in use, but is a Object/],
    [undefined, /but is a undefined/],
  ];
  for (const [model, expected] of cases) {
    const { code, message } = await refusal(model);
    t.is(code, 'ERR_WOODFISHER_MODEL', `${expected}: ${message}`);
    t.regex(message, expected);
  }
});

test.serial('inputs that do not fit are refused', async (t) => {
  const cases: [unknown, RegExp][] = [
    [new Float32Array(9), /inputs must be \[n, 4\], a multiple of 4 values, but is 9/],
    [tf.zeros([2, 5]), /inputs must be of shape \[n, 4\], but is "\[2, 5\]"/],
    [tf.zeros([8]), /inputs must be of shape/],
    [[1, 2, 3, 4], /inputs must be a Float32Array or a tf.Tensor \[n, 4\]/],
  ];
  for (const [inputs, expected] of cases) {
    const { code, message } = await refusal(classifier(), inputs);
    t.is(code, 'ERR_WOODFISHER_OPTION', message);
    t.regex(message, expected);
  }
});

test.serial('labels that do not fit are refused, naming the first', async (t) => {
  const cases: [unknown, RegExp][] = [
    [[0, 3], /labels\[1\] must be a whole number from 0 to 2, but is 3/],
    [[-1, 0], /labels\[0\] must be a whole number/],
    [tf.tensor1d([0, 0.5]), /labels\[1\] must be a whole number from 0 to 2, but is 0.5/],
    [[0], /labels must be 2 class indices or 2 rows of 3 values, but is 1/],
    [tf.zeros([3, 3]), /2 rows of 3 values, but is 9/],
    ['01', /labels must be number\[\], Int32Array/],
  ];
  for (const [labels, expected] of cases) {
    const { code, message } = await refusal(classifier(), undefined, labels);
    t.is(code, 'ERR_WOODFISHER_OPTION', message);
    t.regex(message, expected);
  }
  const squared = await refusal(classifier(), undefined, [0, 1], { loss: 'meanSquaredError' });
  t.regex(squared.message, /labels must be 2 rows of 3 values, but is 2/);
  const own = await refusal(classifier(), undefined, [0], { loss: (_, y) => tf.sum(y, 1) });
  t.regex(own.message, /labels must be one for each of the 2 examples, but is 1/);
});

test.serial('losses that are missing or not known are refused', async (t) => {
  const none = await refusal(classifier(), undefined, undefined, {});
  t.is(none.code, 'ERR_WOODFISHER_MODEL');
  t.regex(none.message, /no loss: call model.compile/);
  for (const name of ['hinge', 'toString']) {
    const { code, message } = await refusal(classifier(), undefined, undefined, {
      loss: name as typeof loss,
    });
    t.is(code, 'ERR_WOODFISHER_OPTION');
    t.regex(message, /loss must be one of categoricalCrossentropy, .*but is "/);
  }
  const image = chain(
    layers.dense({ units: 4, inputShape: [4] }),
    layers.reshape({ targetShape: [2, 2] }),
  );
  t.regex((await refusal(image)).message, /needs outputs \[batch, values\].*rank 3/);
});

test.serial('batch sizes below one and aborted signals are refused', async (t) => {
  for (const batchSize of [0, -1, 1.5, Number.NaN]) {
    const { code, message } = await refusal(classifier(), undefined, undefined, {
      loss,
      batchSize,
    });
    t.is(code, 'ERR_WOODFISHER_OPTION');
    t.regex(message, /batchSize must be a whole number of at least 1/);
  }
  const { message } = await refusal(classifier(), undefined, undefined, {
    loss,
    signal: AbortSignal.abort(new Error('enough')),
  });
  t.is(message, 'enough');
});

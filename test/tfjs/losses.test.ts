import test from 'ava';
import { type LossName, modelParameters, setModelWeights } from '../../src/tfjs/index.js';
import { backends, tf, useBackend } from './backends.js';
import { collect, deviation, type Network, network, oneHotRows } from './networks.js';
import { activations, losses, randomFloats, type Vector } from './oracle.js';

const { dense } = tf.layers;
const classes = [0, 2, 1, 2, 0];
const rows = oneHotRows(classes, 3);
const inputs = randomFloats(5 * 4, 7);
const tolerance = 32 * 2 ** -24;

/** A small network that ends in an activation, inside its Dense layer or as a layer of its own. */
function ending(activation: string, own: boolean): Promise<Network> {
  const name = activation as 'relu';
  const hidden = dense({ units: 5, inputShape: [4], activation: 'tanh' });
  const stage = activations[activation];
  return network(
    own
      ? [
          [hidden, activations.tanh],
          [dense({ units: 3 })],
          [tf.layers.activation({ activation: name }), stage],
        ]
      : [
          [hidden, activations.tanh],
          [dense({ units: 3, activation: name }), stage],
        ],
  );
}

/** Gradients of Dense({kernel: identity}) are x_i times the gradient by the logits x. */
async function byLogits(
  loss: LossName,
  activation: 'softmax' | 'sigmoid',
  x: number[],
  t: number[],
) {
  const layer = dense({ units: x.length, inputShape: [x.length], activation });
  const model = tf.sequential({ layers: [layer] });
  tf.tidy(() => layer.setWeights([tf.eye(x.length), tf.zeros([x.length])]));
  const options = { loss, biases: true };
  const gradients = await collect(model, Float32Array.from(x), tf.tensor2d([t]), options);
  return gradients[`${layer.name}/bias`];
}

const soft = classes.map((_, n) => [0.2 * n, 0.7, 0.25]);

for (const backend of backends) {
  const cases: [LossName, keyof typeof losses, string, Vector[]][] = [
    ['categoricalCrossentropy', 'categoricalCrossentropy', 'softmax', rows],
    ['categoricalCrossentropy', 'categoricalCrossentropy', 'softmax', soft],
    ['categoricalCrossentropy', 'categoricalCrossentropy', 'sigmoid', rows],
    ['sparseCategoricalCrossentropy', 'categoricalCrossentropy', 'softmax', rows],
    ['sparseCategoricalCrossentropy', 'categoricalCrossentropy', 'softplus', rows],
    ['binaryCrossentropy', 'binaryCrossentropy', 'sigmoid', rows],
    ['binaryCrossentropy', 'binaryCrossentropy', 'sigmoid', soft],
    ['binaryCrossentropy', 'binaryCrossentropy', 'softmax', rows],
    ['meanSquaredError', 'meanSquaredError', 'linear', soft],
    ['meanSquaredError', 'meanSquaredError', 'softmax', rows],
  ];
  for (const [loss, oracle, activation, labels] of cases) {
    const kind = labels === soft ? 'soft' : 'hard';
    test.serial(`${loss} of ${activation} outputs with ${kind} labels (${backend})`, async (t) => {
      await useBackend(backend);
      for (const own of [false, true]) {
        const net = await ending(activation, own);
        const targets = tf.tensor2d(labels as number[][]);
        const gradients = await collect(net.model, inputs, targets, { loss, biases: true });
        const error = deviation(gradients, net, inputs, labels, losses[oracle]);
        t.true(error < tolerance, String(error));
      }
    });
  }

  test.serial(`a user's function gives the loss of each example (${backend})`, async (t) => {
    await useBackend(backend);
    const net = await ending('tanh', false);
    const targets = randomFloats(15, 5);
    const gradients = await collect(net.model, inputs, tf.tensor2d(targets, [5, 3]), {
      loss: (labels, y) => tf.sum(tf.pow(tf.sub(y, labels), 4), 1),
      biases: true,
    });
    const labels = classes.map((_, n) => [...targets.slice(3 * n, 3 * n + 3)]);
    const quartic = (target: Vector, y: Vector) =>
      y.reduce((sum, value, j) => sum + (value - target[j]) ** 4, 0);
    const error = deviation(gradients, net, inputs, labels, quartic);
    t.true(error < 4 * tolerance, String(error));
  });

  test.serial(
    `softmax gradients of saturated examples are relatively accurate (${backend})`,
    async (t) => {
      await useBackend(backend);
      for (const x of [
        [0, 17, -5],
        [30, 0, 1],
        [-1, -2, -40],
        [60, 0, 59.5],
      ]) {
        const e = x.map((value) => Math.exp(value - Math.max(...x)));
        const sum = e[0] + e[1] + e[2];
        for (const label of [0, 1, 2]) {
          const others = e.filter((_, j) => j !== label).reduce((total, value) => total + value, 0);
          const expected = e.map((value, j) => (j === label ? -others : value) / sum);
          const t1 = oneHotRows([label], 3)[0];
          const actual = await byLogits('categoricalCrossentropy', 'softmax', x, t1);
          expected.forEach((value, j) => {
            t.true(Math.abs(actual[j] - value) <= 64 * 2 ** -24 * Math.abs(value), `${x} ${label}`);
          });
        }
      }
    },
  );

  test.serial(
    `sigmoid gradients of saturated examples are relatively accurate (${backend})`,
    async (t) => {
      await useBackend(backend);
      const x = [0, 20, -20, 45, -45, 1];
      for (const label of [0, 1]) {
        const expected = x.map((value) =>
          label === 1 ? -1 / (1 + Math.exp(value)) / 6 : 1 / (1 + Math.exp(-value)) / 6,
        );
        const actual = await byLogits(
          'binaryCrossentropy',
          'sigmoid',
          x,
          x.map(() => label),
        );
        expected.forEach((value, j) => {
          t.true(
            Math.abs(actual[j] - value) <= 64 * 2 ** -24 * Math.abs(value),
            `${x[j]} ${label}`,
          );
        });
      }
    },
  );
}

test.serial('a Softmax layer at the end is a softmax as any other', async (t) => {
  await useBackend('cpu');
  const { model } = await ending('softmax', true);
  const input = tf.input({ shape: [4] });
  let output = input;
  for (const layer of [
    ...model.layers.slice(0, -1),
    tf.layers.softmax(),
    tf.layers.dropout({ rate: 0.5 }),
  ]) {
    output = layer.apply(output) as typeof input;
  }
  const twin = tf.model({ inputs: input, outputs: output });
  const loss = 'categoricalCrossentropy' as const;
  // Far out probabilities are clipped, and only a loss that starts from the logits has gradients.
  const [, last] = modelParameters(model).filter(({ shape }) => shape.length === 2);
  await setModelWeights(model, [{ ...last, data: last.data.map((w) => 99 * w) }], { tf });
  const expected = await collect(model, inputs, classes, { loss });
  t.true(expected[last.name].some((g) => g !== 0 && Math.abs(g) < 1e-8));
  t.deepEqual(await collect(twin, inputs, classes, { loss }), expected);
});

test.serial(
  'the default is the loss the model was compiled with, alone or in a list',
  async (t) => {
    await useBackend('cpu');
    const { model } = await ending('softmax', false);
    const expected = await collect(model, inputs, classes, { loss: 'categoricalCrossentropy' });
    for (const loss of ['sparseCategoricalCrossentropy', ['categoricalCrossentropy']]) {
      model.compile({ optimizer: 'sgd', loss });
      t.deepEqual(await collect(model, inputs, classes), expected);
    }
    const squares = (labels: tf.Tensor, y: tf.Tensor) => tf.mean(tf.square(tf.sub(y, labels)), 1);
    model.compile({ optimizer: 'sgd', loss: squares });
    const rowsTensor = tf.tensor2d(rows as number[][]);
    t.deepEqual(
      await collect(model, inputs, rowsTensor),
      await collect(model, inputs, rowsTensor, { loss: 'meanSquaredError' }),
    );
  },
);

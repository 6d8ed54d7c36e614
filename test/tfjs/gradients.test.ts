import test from 'ava';
import { backends, tf, useBackend } from './backends.js';
import { collect, deviation, network, oneHotRows } from './networks.js';
import { activations, leakyRelu, losses, randomFloats, softmax, type Vector } from './oracle.js';

const { dense } = tf.layers;
const classes = [0, 2, 1, 2, 0];
const rows = oneHotRows(classes, 3);
const small = randomFloats(5 * 4, 99);

/** Rounding of a few dozen float32 operations, and of the central differences (2^-34 relative). */
const tolerance = 32 * 2 ** -24;
/** TensorFlow.js computes erf by a rational approximation that is 1.5e-7 off. */
const erfTolerance = tolerance + 8 * 1.5e-7;

for (const backend of backends) {
  for (const [name, activation] of Object.entries(activations)) {
    test.serial(
      `activation ${name} inside a Dense layer and as a layer (${backend})`,
      async (t) => {
        await useBackend(backend);
        const net = await network([
          [dense({ units: 5, inputShape: [4], activation: name as 'relu' }), activation],
          [dense({ units: 4, useBias: false })],
          [tf.layers.activation({ activation: name as 'relu' }), activation],
          [dense({ units: 3, activation: 'softmax' }), softmax],
        ]);
        const loss = 'categoricalCrossentropy';
        // relu6 is to reach its upper end too.
        const inputs = name === 'relu6' ? small.map((x) => 8 * x) : small;
        const gradients = await collect(net.model, inputs, classes, { loss, biases: true });
        const error = deviation(gradients, net, inputs, rows, losses[loss]);
        t.true(error < (name === 'gelu' ? erfTolerance : tolerance), String(error));
      },
    );
  }

  const layers: [string, () => tf.layers.Layer, (x: Vector) => Vector][] = [
    ['ReLU', () => tf.layers.reLU(), activations.relu],
    ['ReLU with a maximum', () => tf.layers.reLU({ maxValue: 6 }), activations.relu6],
    ['LeakyReLU', () => tf.layers.leakyReLU({ alpha: 0.125 }), leakyRelu(0.125)],
    ['ELU', () => tf.layers.elu(), activations.elu],
    ['Softmax', () => tf.layers.softmax(), softmax],
    ['Dropout', () => tf.layers.dropout({ rate: 0.9 }), (x) => x],
  ];
  for (const [name, layer, stage] of layers) {
    test.serial(`layer ${name} (${backend})`, async (t) => {
      await useBackend(backend);
      const inputs = small.map((x) => 4 * x);
      const net = await network([
        [dense({ units: 5, inputShape: [4] })],
        [layer(), stage],
        [dense({ units: 3 })],
      ]);
      const loss = 'meanSquaredError';
      const targets = randomFloats(15, 3);
      const gradients = await collect(net.model, inputs, targets, { loss, biases: true });
      const labels = classes.map((_, n) => [...targets.slice(3 * n, 3 * n + 3)]);
      const error = deviation(gradients, net, inputs, labels, losses[loss]);
      t.true(error < tolerance, String(error));
    });
  }

  test.serial(`Flatten and Reshape keep the examples apart (${backend})`, async (t) => {
    await useBackend(backend);
    const net = await network([
      [tf.layers.flatten({ inputShape: [2, 2] })],
      [dense({ units: 6, activation: 'tanh' }), activations.tanh],
      [tf.layers.reshape({ targetShape: [2, 3] })],
      [tf.layers.activation({ activation: 'sigmoid' }), activations.sigmoid],
      [tf.layers.flatten()],
      [dense({ units: 3, activation: 'softmax' }), softmax],
    ]);
    const loss = 'sparseCategoricalCrossentropy';
    const gradients = await collect(net.model, small, classes, { loss, biases: true });
    const error = deviation(gradients, net, small, rows, losses.categoricalCrossentropy);
    t.true(error < tolerance, String(error));
  });
}

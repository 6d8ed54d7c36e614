import test from 'ava';
import { perExampleFactors } from '../../src/tfjs/index.js';
import { backends, tf, useBackend } from './backends.js';
import { collect, network } from './networks.js';
import { losses, randomFloats, softmax } from './oracle.js';

const { dense } = tf.layers;
const inputs = randomFloats(3 * 4, 17).map((x) => 2 * x);
const DRAWS = 800;

/** Gradients by the pre-activation of the last layer, [example][draw][output], and the outputs. */
async function drawnDeltas(
  activation: 'softmax' | 'sigmoid' | 'linear',
  loss: 'categoricalCrossentropy' | 'binaryCrossentropy' | 'meanSquaredError',
  behind: tf.layers.Layer[] = [],
) {
  const { model } = await network([
    [dense({ units: 3, inputShape: [4], activation })],
    ...behind.map((layer): [tf.layers.Layer] => [layer]),
  ]);
  const outputs = [...(await (model.predict(tf.tensor(inputs, [3, 4])) as tf.Tensor).data())];
  const deltas: number[][][] = [[], [], []];
  const options = { tf, loss, fisher: 'true', draws: DRAWS, seed: 4 } as const;
  for await (const batch of perExampleFactors(model, inputs, undefined, options)) {
    const [kernel] = Object.values(batch);
    if (kernel instanceof Float32Array) throw new TypeError('factors were asked for');
    for (let n = 0; n < 3; n++) deltas[n].push([...kernel.deltas.subarray(3 * n, 3 * n + 3)]);
  }
  return { deltas, outputs: [0, 1, 2].map((n) => outputs.slice(3 * n, 3 * n + 3)) };
}

/** The mean of f over the draws is within five standard errors of what is expected. */
function meanIs(draws: number[][], f: (delta: number[]) => number, expected: number): boolean {
  const values = draws.map(f);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  return Math.abs(mean - expected) <= 5 * Math.sqrt(variance / values.length) + 1e-6;
}

for (const backend of backends) {
  // Behind a linear activation the loss sees the probabilities, else the logits.
  for (const behind of [[], [tf.layers.activation({ activation: 'linear' })]]) {
    const from = behind.length === 0 ? 'logits' : 'predictions';
    test.serial(`classes are drawn by the softmax, from ${from} (${backend})`, async (t) => {
      await useBackend(backend);
      const loss = 'categoricalCrossentropy';
      const { deltas, outputs } = await drawnDeltas('softmax', loss, behind);
      for (const [n, p] of outputs.entries()) {
        for (let i = 0; i < 3; i++) {
          t.true(meanIs(deltas[n], (d) => d[i], 0));
          for (let j = 0; j < 3; j++) {
            const fisher = (i === j ? p[i] : 0) - p[i] * p[j];
            t.true(meanIs(deltas[n], (d) => d[i] * d[j], fisher));
          }
        }
      }
    });

    test.serial(`bits are drawn by the sigmoid, from ${from} (${backend})`, async (t) => {
      await useBackend(backend);
      const { deltas, outputs } = await drawnDeltas('sigmoid', 'binaryCrossentropy', behind);
      for (const [n, p] of outputs.entries()) {
        for (let i = 0; i < 3; i++) {
          t.true(meanIs(deltas[n], (d) => d[i], 0));
          t.true(meanIs(deltas[n], (d) => d[i] ** 2, (p[i] * (1 - p[i])) / 9));
          t.true(meanIs(deltas[n], (d) => d[i] * d[(i + 1) % 3], 0));
        }
      }
    });
  }

  test.serial(
    `targets are drawn about the outputs for the squared error (${backend})`,
    async (t) => {
      await useBackend(backend);
      const { deltas } = await drawnDeltas('linear', 'meanSquaredError');
      for (const draws of deltas) {
        for (let i = 0; i < 3; i++) {
          t.true(meanIs(draws, (d) => d[i], 0));
          t.true(meanIs(draws, (d) => d[i] ** 2, 2 / 3)); // (2/m)² · m/2
        }
      }
    },
  );

  test.serial(
    `the seed decides the draws, and no tensor is left of them (${backend})`,
    async (t) => {
      await useBackend(backend);
      const { model } = await network([
        [dense({ units: 5, inputShape: [4], activation: 'relu' })],
        [dense({ units: 3, activation: 'softmax' }), softmax],
      ]);
      const of = (seed: number, draws = 2) =>
        collect(model, inputs, [], {
          ...{ loss: 'categoricalCrossentropy', fisher: 'true', draws, seed, batchSize: 2 },
        });
      const before = tf.memory().numTensors;
      const first = await of(7);
      t.is(tf.memory().numTensors, before);
      t.deepEqual(await of(7), first);
      t.notDeepEqual(await of(8), first);
      for (const values of Object.values(first)) t.is(values.length % 6, 0);
      const [name] = Object.keys(first);
      t.is((await of(7, 5))[name].length, (5 / 2) * first[name].length);
    },
  );
}

test.serial('an unlikely class is drawn as often as its probability says', async (t) => {
  await useBackend('cpu');
  const model = tf.sequential({
    layers: [dense({ units: 2, inputShape: [1], useBias: false, activation: 'softmax' })],
  });
  model.setWeights([tf.tensor([[0, -6]])]);
  const ones = new Float32Array(2000).fill(1);
  let rare = 0;
  const options = { tf, loss: 'categoricalCrossentropy', fisher: 'true', draws: 10 } as const;
  for await (const batch of perExampleFactors(model, ones, undefined, options)) {
    const [kernel] = Object.values(batch);
    if (kernel instanceof Float32Array) throw new TypeError('factors were asked for');
    rare += kernel.deltas.filter((d, i) => i % 2 === 1 && d < -0.5).length;
  }
  const expected = (20_000 * Math.exp(-6)) / (1 + Math.exp(-6));
  t.true(Math.abs(rare - expected) < 5 * Math.sqrt(expected), `${rare}`);
});

test.serial('options of drawing that are none are refused', async (t) => {
  await useBackend('cpu');
  const { model } = await network([[dense({ units: 3, inputShape: [4], activation: 'softmax' })]]);
  const loss = 'categoricalCrossentropy';
  const refused = async (options: object, message: RegExp): Promise<void> => {
    await t.throwsAsync(collect(model, inputs, [0, 1, 2], { loss, ...options }), {
      code: 'ERR_WOODFISHER_OPTION',
      message,
    });
  };
  await refused({ fisher: 'exact' }, /fisher must be one of empirical, true, but is "exact"/);
  await refused({ draws: 2 }, /draws must be left out unless fisher is 'true', but is 2/);
  await refused({ seed: 2 }, /seed must be left out unless fisher is 'true', but is 2/);
  await refused({ fisher: 'true', draws: 0 }, /draws must be a whole number of at least 1/);
  await refused({ fisher: 'true', seed: -1 }, /seed must be a whole number of at least 0/);
  const own = () => losses.meanSquaredError;
  await refused({ fisher: 'true', loss: own }, /loss must be one that has a name where fisher is/);
});

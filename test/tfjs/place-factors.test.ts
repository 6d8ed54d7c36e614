import test from 'ava';
import fc from 'fast-check';
import {
  type LayersModel,
  modelParameters,
  perExampleFactors,
  perExampleGradients,
  pruneModel,
} from '../../src/tfjs/index.js';
import { tf, useBackend } from './backends.js';
import { randomFloats } from './oracle.js';

const { layers } = tf;
const loss = 'sparseCategoricalCrossentropy' as const;
const EXAMPLES = 5;
const labels = Array.from({ length: EXAMPLES }, (_, n) => n % 3);

test.before(() => useBackend('cpu'));

/** Σ over places of inputs · deltasᵀ, [k, in, out]. */
function products(inputs: Float32Array, deltas: Float32Array, positions: number): number[] {
  const rows = EXAMPLES * positions;
  const [inner, outer] = [inputs.length / rows, deltas.length / rows];
  const sums = new Array<number>(EXAMPLES * inner * outer).fill(0);
  for (let r = 0; r < rows; r++) {
    const n = Math.floor(r / positions);
    for (let i = 0; i < inner; i++) {
      for (let o = 0; o < outer; o++) {
        sums[(n * inner + i) * outer + o] += inputs[r * inner + i] * deltas[r * outer + o];
      }
    }
  }
  return sums;
}

async function onlyBatch<Batch>(batches: AsyncIterable<Batch>): Promise<Batch> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  if (all.length !== 1) throw new Error(`${all.length} batches`);
  return all[0];
}

/** Names of the parameters that came as factors with several positions. */
async function checkFactors(
  t: { true(value: boolean, message: string): unknown },
  model: LayersModel,
  images: Float32Array,
): Promise<string[]> {
  const options = { tf, loss, batchSize: EXAMPLES };
  const whole = await onlyBatch(perExampleGradients(model, images, labels, options));
  const all = perExampleFactors(model, images, labels, { ...options, positions: true });
  const factored = await onlyBatch(all);
  const found: string[] = [];
  for (const [name, gradients] of Object.entries(factored)) {
    if (gradients instanceof Float32Array) continue;
    const { inputs, deltas, positions = 1 } = gradients;
    if (positions > 1) found.push(name);
    const actual = products(inputs, deltas, positions);
    const expected = whole[name];
    const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
    // The same float32 factors, summed in float64 and rounded to float32 once in `expected`.
    const close = actual.every((value, i) => Math.abs(value - expected[i]) <= 2 ** -22 * scale);
    t.true(close && actual.length === expected.length, name);
  }
  return found;
}

test.serial('patches and deltas of a convolution multiply to its gradients', async (t) => {
  const settings = fc.record({
    height: fc.integer({ min: 5, max: 8 }),
    width: fc.integer({ min: 5, max: 8 }),
    kernelSize: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    stride: fc.integer({ min: 1, max: 2 }),
    padding: fc.constantFrom('same' as const, 'valid' as const),
    filters: fc.constantFrom(1, 3, 9),
    dilationRate: fc.constantFrom(1, 2),
  });
  await fc.assert(
    fc.asyncProperty(settings, async ({ height, width, stride, dilationRate, ...s }) => {
      const before = tf.memory().numTensors;
      const model = tf.sequential({
        layers: [
          layers.conv2d({
            name: 'conv',
            inputShape: [height, width, 2],
            ...s,
            // Strides and dilation exclude each other.
            strides: dilationRate === 1 ? stride : 1,
            dilationRate,
            activation: 'relu',
          }),
          layers.flatten(),
          layers.dense({ name: 'last', units: 3, activation: 'softmax' }),
        ],
      });
      const images = randomFloats(EXAMPLES * height * width * 2, 7);
      const found = await checkFactors(t, model, images);
      model.dispose();
      t.is(tf.memory().numTensors, before);
      const [, outputHeight, outputWidth] = model.layers[0].outputShape as number[];
      t.deepEqual(found, outputHeight * outputWidth > 1 ? ['conv/kernel'] : []);
    }),
    { numRuns: 30, seed: 1 },
  );
});

test.serial(
  'what is used at places or times comes as factors, what has none as it is',
  async (t) => {
    const sequence = tf.sequential({
      layers: [
        layers.dense({ name: 'each', units: 4, inputShape: [6, 3], activation: 'tanh' }),
        layers.conv1d({ name: 'conv', filters: 5, kernelSize: 2, activation: 'relu' }),
        layers.lstm({ name: 'lstm', units: 4 }),
        layers.dense({ name: 'last', units: 3, activation: 'softmax' }),
      ],
    });
    const times = await checkFactors(t, sequence, randomFloats(EXAMPLES * 18, 3));
    t.deepEqual(times.sort(), [
      'conv/kernel',
      'each/kernel',
      'lstm/kernel',
      'lstm/recurrent_kernel',
    ]);
    const separable = tf.sequential({
      layers: [
        layers.separableConv2d({ name: 'sep', filters: 4, kernelSize: 3, inputShape: [6, 6, 2] }),
        layers.flatten(),
        layers.dense({ name: 'last', units: 3, activation: 'softmax' }),
      ],
    });
    const places = await checkFactors(t, separable, randomFloats(EXAMPLES * 72, 3));
    t.deepEqual(places, ['sep/pointwise_kernel']);
    sequence.dispose();
    separable.dispose();
  },
);

test.serial('pruneModel prunes a convnet by criterion kfac', async (t) => {
  const model = tf.sequential({
    layers: [
      layers.conv2d({ name: 'conv', filters: 4, kernelSize: 3, inputShape: [6, 6, 1] }),
      layers.flatten(),
      layers.dense({ name: 'last', units: 3, activation: 'softmax' }),
    ],
  });
  const xs = randomFloats(60 * 36, 11);
  const ys = Array.from({ length: 60 }, (_, n) => n % 3);
  const images = tf.tensor4d(xs, [60, 6, 6, 1]);
  const options = { tf, loss, sparsity: 0.5, seed: 1, samples: 40, blockSize: 20 } as const;
  const pruned = await pruneModel(model, { xs: images, ys }, { ...options, criterion: 'kfac' });
  t.is(pruned.statistics.criterion, 'kfac');
  const size = modelParameters(model)
    .filter(({ prunable }) => prunable !== false)
    .reduce((sum, { data }) => sum + data.length, 0);
  const zeros = Object.values(pruned.masks).reduce(
    (sum, mask) => sum + mask.filter((kept) => kept === 0).length,
    0,
  );
  t.is(zeros, Math.round(size / 2));
  const other = await pruneModel(model, { xs: images, ys }, options);
  t.notDeepEqual(other.masks, pruned.masks);
  tf.dispose(images);
  for (const { model: sparse } of [pruned, other]) sparse.dispose();
  model.dispose();
});

import test, { type ExecutionContext } from 'ava';
import { gradientModes, meanGradients, perExampleFactors } from '../../src/tfjs/index.js';
import {
  around,
  automaticGradients,
  equalsAutomatic,
  equalsDifferences,
  type Problem,
  problemOf,
} from './automatic.js';
import { backends, tf, useBackend } from './backends.js';
import { OwnPooling, OwnProduct, SquaredDense } from './custom-layers.js';
import { collect } from './networks.js';

const { layers } = tf;
type Symbolic = tf.SymbolicTensor;

test.before(() => useBackend('cpu'));

/** A model of one input, its last value behind a Dense layer of two outputs. */
function graph(shape: number[], build: (input: Symbolic) => Symbolic): tf.LayersModel {
  const input = tf.input({ shape });
  let output = build(input);
  if (output.rank > 2) output = layers.flatten().apply(output) as Symbolic;
  return tf.model({
    inputs: input,
    outputs: layers.dense({ units: 2 }).apply(output) as Symbolic,
  });
}

const dense = (units: number, x: Symbolic) =>
  layers.dense({ units, activation: 'tanh' }).apply(x) as Symbolic;

const merges: [string, () => tf.layers.Layer][] = [
  ['Add', () => layers.add()],
  ['Multiply', () => layers.multiply()],
  ['Average', () => layers.average()],
  ['Maximum', () => layers.maximum()],
  ['Minimum', () => layers.minimum()],
  ['Concatenate', () => layers.concatenate()],
  ['Dot', () => layers.dot({ axes: -1 })],
];

const graphs: [string, () => tf.LayersModel][] = [
  ...merges.map(([name, merge]): [string, () => tf.LayersModel] => [
    `branches that meet in ${name}`,
    () => graph([4], (x) => merge().apply([dense(3, x), dense(3, dense(2, x))]) as Symbolic),
  ]),
  [
    'a residual convolution block',
    () =>
      graph([5, 5, 2], (x) => {
        const stem = layers.conv2d({ filters: 3, kernelSize: 3 }).apply(x);
        const conv = layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same' }).apply(stem);
        const block = layers.activation({ activation: 'tanh' }).apply(conv);
        const sum = layers.add().apply([stem as Symbolic, block as Symbolic]);
        return layers.globalAveragePooling2d({}).apply(sum) as Symbolic;
      }),
  ],
  [
    'a Dense layer that is applied twice',
    () =>
      graph([3], (x) => {
        const shared = layers.dense({ units: 3, activation: 'tanh' });
        return shared.apply(shared.apply(x)) as Symbolic;
      }),
  ],
  [
    'a convolution that is applied to two images',
    () =>
      graph([4, 4, 2], (x) => {
        const shared = layers.conv2d({ filters: 2, kernelSize: 2, padding: 'same' });
        const once = shared.apply(x) as Symbolic;
        return layers.multiply().apply([once, shared.apply(once) as Symbolic]) as Symbolic;
      }),
  ],
  [
    'a model inside the model that is applied twice',
    () =>
      graph([3], (x) => {
        const inner = graph([3], (y) => layers.add().apply([y, dense(3, y)]) as Symbolic);
        const wide = layers.dense({ units: 3 });
        const once = inner.apply(x) as Symbolic;
        return inner.apply(wide.apply(once) as Symbolic) as Symbolic;
      }),
  ],
  [
    'a value that goes to three layers, one of them the last',
    () =>
      graph([4], (x) => {
        const stem = dense(3, x);
        return layers.concatenate().apply([stem, dense(2, stem), stem]) as Symbolic;
      }),
  ],
];

for (const backend of backends) {
  for (const [name, build] of graphs) {
    test.serial(`${name} (${backend})`, async (t) => {
      await useBackend('cpu');
      const problem = await problemOf(build());
      await equalsAutomatic(t, problem, backend);
      problem.model.dispose();
    });
  }

  test.serial(`custom layers have their examples pass one by one (${backend})`, async (t) => {
    await useBackend('cpu');
    const model = around(
      [3],
      layers.dense({ units: 3, activation: 'tanh' }),
      new OwnProduct({}),
      new SquaredDense({ units: 3 }),
    );
    t.deepEqual(
      gradientModes(model)
        .filter(({ prunable }) => prunable)
        .map(({ mode }) => mode),
      ['factors', 'loop', 'loop', 'factors'],
    );
    const problem = await problemOf(model);
    await equalsDifferences(t, problem, await equalsAutomatic(t, problem, backend));
    await meansAreMeans(t, problem, backend);
    model.dispose();
  });

  test.serial(`means of convolutions and recurrent layers (${backend})`, async (t) => {
    await useBackend('cpu');
    const model = around(
      [6, 2],
      layers.conv1d({ filters: 3, kernelSize: 2 }),
      layers.lstm({ units: 2 }),
    );
    await meansAreMeans(t, await problemOf(model, 7), backend);
    model.dispose();
  });
}

/** Mean gradients, of pieces of batches too, are the means of the gradients of single examples. */
async function meansAreMeans(
  t: ExecutionContext,
  problem: Problem,
  backend: (typeof backends)[number],
): Promise<void> {
  const { model, inputs, targets, n } = problem;
  await useBackend(backend);
  const before = tf.memory().numTensors;
  const options = { tf, loss: 'meanSquaredError', biases: true, batchSize: 5 } as const;
  for (const m of [2, 3]) {
    const samples: Record<string, Float32Array>[] = [];
    for await (const batch of meanGradients(model, inputs, targets, {
      ...options,
      examplesPerSample: m,
    })) {
      samples.push(batch);
    }
    t.is(samples.length, Math.floor(n / m));
    t.is(tf.memory().numTensors, before);
    const single = await automaticGradients(problem, Object.keys(samples[0]));
    await useBackend(backend);
    for (const [name, values] of Object.entries(single)) {
      const size = values.length / n;
      const scale = values.reduce((max, g) => Math.max(max, Math.abs(g)), 0);
      samples.forEach((sample, s) => {
        sample[name].forEach((g, c) => {
          let sum = 0;
          for (let e = s * m; e < (s + 1) * m; e++) sum += values[e * size + c];
          t.true(Math.abs(g - sum / m) <= 2 ** -16 * scale, `${name}[${c}] of sample ${s}`);
        });
      });
    }
  }
}

test.serial(
  'factors where each example has one outer product, whole gradients elsewhere',
  async (t) => {
    await useBackend('wasm');
    const model = around([6, 6, 1], layers.conv2d({ filters: 2, kernelSize: 3, name: 'conv' }));
    const { inputs, targets } = await problemOf(model);
    const whole = await collect(model, inputs, targets, { loss: 'meanSquaredError' });
    const options = { tf, loss: 'meanSquaredError' } as const;
    for await (const batch of perExampleFactors(model, inputs, targets, options)) {
      const [conv, last] = Object.values(batch);
      t.deepEqual(conv, whole['conv/kernel']);
      t.true('deltas' in last && last.deltas.length === 3 * 2 && last.inputs.length === 3 * 32);
    }
    model.dispose();
  },
);

test.serial('the wasm backend sends deltas of windows below 0 to their maxima here', async (t) => {
  await useBackend('cpu');
  const model = around(
    [4, 4, 1],
    layers.conv2d({ filters: 1, kernelSize: 1, useBias: false }),
    layers.maxPooling2d({ poolSize: 2 }),
  );
  const problem = await problemOf(model);
  const positive = { ...problem, inputs: problem.inputs.map((x) => 0.1 + Math.abs(x)) };
  // A kernel of −1: all windows are below 0.
  tf.tidy(() => model.layers[1].setWeights([tf.fill([1, 1, 1, 1], -1)]));
  await equalsAutomatic(t, positive, 'wasm');
  model.dispose();
});

test.serial('masks make the whole model loop, where the backend has the gradients', async (t) => {
  await useBackend('cpu');
  const model = around(
    [4],
    layers.embedding({ inputDim: 5, outputDim: 3, maskZero: true }),
    layers.lstm({ units: 2 }),
  );
  t.true(gradientModes(model).every(({ mode }) => mode === 'loop'));
  const problem = await problemOf(model);
  const looked = { ...problem, inputs: Float32Array.from([1, 2, 0, 0, 3, 0, 0, 0, 4, 4, 1, 2]) };
  await equalsAutomatic(t, looked, 'cpu');
  await useBackend('wasm');
  const before = tf.memory().numTensors;
  await t.throwsAsync(collect(model, looked.inputs, looked.targets, { loss: 'meanSquaredError' }), {
    code: 'ERR_WOODFISHER_MODEL',
    message: /the wasm backend of TensorFlow.js has no \w+, .* run await tf.setBackend\('cpu'\)/,
  });
  t.is(tf.memory().numTensors, before);
  model.dispose();
});

test.serial('tf.maxPool inside a custom layer is refused on the wasm backend alone', async (t) => {
  await useBackend('cpu');
  const model = around([4, 4, 1], layers.conv2d({ filters: 2, kernelSize: 1 }), new OwnPooling({}));
  const problem = await problemOf(model);
  await equalsAutomatic(t, problem, 'cpu');
  await useBackend('wasm');
  const before = tf.memory().numTensors;
  const { inputs, targets } = problem;
  await t.throwsAsync(collect(model, inputs, targets, { loss: 'meanSquaredError' }), {
    code: 'ERR_WOODFISHER_MODEL',
    message: /calls tf.maxPool, whose gradient is wrong on the wasm backend/,
  });
  t.is(tf.memory().numTensors, before);
  model.dispose();
});

test.serial('the mode of every parameter is told', async (t) => {
  await useBackend('cpu');
  const model = graph([6], (x) => {
    const rows = layers.embedding({ name: 'rows', inputDim: 9, outputDim: 4 }).apply(x);
    const conv = layers.conv1d({ name: 'conv', filters: 2, kernelSize: 2 }).apply(rows);
    const normal = layers.batchNormalization({ name: 'normal' }).apply(conv);
    return layers.gru({ name: 'gru', units: 2, useBias: false }).apply(normal) as Symbolic;
  });
  const told = gradientModes(model).map(({ parameter, layerClass, prunable, mode }) =>
    [parameter, layerClass, prunable ? 'prunable' : 'kept', mode].join(' '),
  );
  const last = model.layers[model.layers.length - 1].name;
  t.deepEqual(told, [
    'rows/embeddings Embedding prunable rows',
    'conv/kernel Conv1D prunable patches',
    'conv/bias Conv1D kept positions',
    'normal/gamma BatchNormalization kept positions',
    'normal/beta BatchNormalization kept positions',
    'gru/kernel GRU prunable positions',
    'gru/recurrent_kernel GRU prunable positions',
    `${last}/kernel Dense prunable factors`,
    `${last}/bias Dense kept positions`,
  ]);
  model.dispose();
});

import test from 'ava';
import { prune } from '../../src/index.js';
import {
  modelParameters,
  perExampleFactors,
  perExampleGradients,
  setModelWeights,
} from '../../src/tfjs/index.js';
import { backends, tf, useBackend } from './backends.js';
import { randomFloats } from './oracle.js';

const build = () =>
  tf.sequential({
    layers: [
      tf.layers.dense({ name: 'fc1', units: 3, inputShape: [2] }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.dense({ name: 'fc2', units: 4, useBias: false }),
    ],
  });

/** Saves a model in memory and loads it again. */
async function reload(model: tf.LayersModel): Promise<tf.LayersModel> {
  const { artifacts } = await new Promise<{ artifacts: tf.io.ModelArtifacts }>((resolve) => {
    const handler = tf.io.withSaveHandler(async (saved) => {
      resolve({ artifacts: saved });
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    });
    model.save(handler);
  });
  return tf.loadLayersModel(tf.io.fromMemory(artifacts));
}

for (const backend of backends) {
  test.serial(
    `parameters are copies; what is put back is what was read (${backend})`,
    async (t) => {
      await useBackend(backend);
      const model = build();
      const parameters = modelParameters(model);
      t.deepEqual(
        parameters.map(({ name, shape, outputAxis, prunable }) => [
          name,
          shape,
          outputAxis,
          prunable,
        ]),
        [
          ['fc1/kernel', [2, 3], 1, undefined],
          ['fc1/bias', [3], undefined, false],
          ['norm/gamma', [3], undefined, false],
          ['norm/beta', [3], undefined, false],
          ['norm/moving_mean', [3], undefined, false],
          ['norm/moving_variance', [3], undefined, false],
          ['fc2/kernel', [3, 4], 1, undefined],
        ],
      );
      const [kernel] = parameters;
      kernel.data.set(randomFloats(6, 4));
      t.notDeepEqual(modelParameters(model)[0].data, kernel.data);
      await setModelWeights(model, parameters, { tf });
      t.deepEqual(modelParameters(model), parameters);
      const written = kernel.data.slice();
      kernel.data.fill(0);
      t.deepEqual(modelParameters(model)[0].data, written);
    },
  );
}

test.serial('names stay the same when a model is loaded again and again', async (t) => {
  await useBackend('cpu');
  const model = build();
  const names = modelParameters(model).map(({ name }) => name);
  const again = await reload(await reload(model));
  t.deepEqual(
    modelParameters(again).map(({ name }) => name),
    names,
  );
  t.deepEqual(modelParameters(again), modelParameters(model));
});

test.serial('names are unique where models nest', async (t) => {
  await useBackend('cpu');
  const layer = (units: number, inputShape?: [number]) =>
    tf.layers.dense({ name: `fc${units}`, units, inputShape });
  const inner = tf.sequential({ name: 'inner', layers: [layer(3, [2]), layer(4)] });
  const outer = tf.sequential({ layers: [inner, layer(3), layer(5)] });
  t.deepEqual(
    modelParameters(outer).map(({ name }) => name),
    ['inner/fc3', 'inner/fc4', 'fc3', 'fc5'].flatMap((name) => [`${name}/kernel`, `${name}/bias`]),
  );
});

test.serial('gradients carry the names of the parameters', async (t) => {
  await useBackend('cpu');
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, inputShape: [2] }),
      tf.layers.dense({ units: 2, useBias: false }),
    ],
  });
  const options = { loss: 'meanSquaredError' as const, biases: true };
  // Without `tf`: the default build is the one this test imports.
  const gradients = perExampleGradients(model, new Float32Array(2), [1, 2], options);
  const { value } = await gradients.next();
  t.deepEqual(
    Object.keys(value ?? {}),
    modelParameters(model).map(({ name }) => name),
  );
});

test.serial('names and shapes that differ are refused before anything is written', async (t) => {
  await useBackend('cpu');
  const model = build();
  const before = modelParameters(model);
  const good = { name: 'fc1/bias', data: new Float32Array([1, 2, 3]) };
  const cases = [
    [
      { name: 'fc9/kernel', data: new Float32Array(6) },
      'ERR_WOODFISHER_MISSING',
      /no weight "fc9\/kernel"; it has fc1\/kernel, /,
    ],
    [
      { name: 'fc1/kernel', data: new Float32Array(5) },
      'ERR_WOODFISHER_SHAPE',
      /"fc1\/kernel" must have shape \[2, 3\], 6 values, but has 5 values/,
    ],
    [
      { name: 'fc1/kernel', shape: [3, 2], data: new Float32Array(6) },
      'ERR_WOODFISHER_SHAPE',
      /has shape \[3, 2\]/,
    ],
  ] as const;
  for (const [parameter, code, message] of cases) {
    await t.throwsAsync(setModelWeights(model, [good, parameter], { tf }), { code, message });
  }
  t.deepEqual(modelParameters(model), before);
});

test.serial('blocks hold weights of one output channel, or of one row of a table', async (t) => {
  await useBackend('cpu');
  const { layers } = tf;
  const axes = (model: tf.LayersModel) =>
    modelParameters(model).map(({ name, shape, outputAxis }) => [
      name,
      shape.length,
      outputAxis ?? 'kept',
    ]);
  const images = tf.sequential({
    layers: [
      layers.conv2d({ name: 'a', filters: 2, kernelSize: 3, inputShape: [8, 8, 3] }),
      layers.prelu({ name: 'b' }),
      layers.depthwiseConv2d({ name: 'c', kernelSize: 3, useBias: false }),
      layers.separableConv2d({ name: 'd', filters: 2, kernelSize: 2, useBias: false }),
      layers.conv2dTranspose({ name: 'e', filters: 3, kernelSize: 2, useBias: false }),
    ],
  });
  t.deepEqual(axes(images), [
    ['a/kernel', 4, 3],
    ['a/bias', 1, 'kept'],
    ['b/alpha', 3, 'kept'],
    ['c/depthwise_kernel', 4, 2],
    ['d/depthwise_kernel', 4, 2],
    ['d/pointwise_kernel', 4, 3],
    ['e/kernel', 4, 2],
  ]);
  const words = tf.sequential({
    layers: [
      layers.embedding({ name: 'f', inputDim: 9, outputDim: 4, inputLength: 5 }),
      layers.layerNormalization({ name: 'g', axis: [1, 2] }),
      layers.gru({ name: 'h', units: 2, useBias: false }),
    ],
  });
  t.deepEqual(axes(words), [
    ['f/embeddings', 2, 0],
    ['g/gamma', 2, 'kept'],
    ['g/beta', 2, 'kept'],
    ['h/kernel', 2, 1],
    ['h/recurrent_kernel', 2, 1],
  ]);
});

test.serial('a convolution net is pruned and put back', async (t) => {
  await useBackend('wasm');
  const { layers } = tf;
  const model = tf.sequential({
    layers: [
      layers.conv2d({ name: 'conv', filters: 3, kernelSize: 3, inputShape: [6, 6, 1] }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ name: 'last', units: 2, activation: 'softmax' }),
    ],
  });
  const before = tf.memory().numTensors;
  const loss = 'categoricalCrossentropy' as const;
  const labels = Array.from({ length: 20 }, (_, n) => n % 2);
  const result = await prune({
    parameters: modelParameters(model),
    gradients: perExampleFactors(model, randomFloats(20 * 36, 8), labels, { tf, loss }),
    sparsity: 0.5,
    blockSize: 9, // a filter
  });
  await setModelWeights(model, result.parameters, { tf });
  const zeros = modelParameters(model).map(({ data }) => data.filter((w) => w === 0).length);
  t.is(zeros[0] + zeros[2], Math.round(0.5 * (27 + 24)));
  t.is(tf.memory().numTensors, before);
  model.dispose();
});

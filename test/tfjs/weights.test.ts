import test from 'ava';
import { modelParameters, perExampleGradients, setModelWeights } from '../../src/tfjs/index.js';
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

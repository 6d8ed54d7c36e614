import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import * as fc from 'fast-check';
import { openSafetensors } from '../../src/formats/safetensors/reader.js';
import { writeSafetensors } from '../../src/formats/safetensors/writer.js';
import type { WoodFisherError } from '../../src/index.js';
import { maskTensors, readMaskFile } from '../../src/tfjs/files/mask-file.js';
import {
  folderHandler,
  type LayersModel,
  loadModel,
  modelParameters,
  saveModel,
} from '../../src/tfjs/index.js';
import { namedVariables, requireVariable } from '../../src/tfjs/names.js';
import { tf, useBackend } from './backends.js';
import { classifier, points, tensorsOf, trained } from './small-problem.js';

async function temporary(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'woodfisher-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

const weightsOf = (model: LayersModel) => modelParameters(model).map(({ data }) => data);

for (const [kind, name] of [
  ['model.json and weight files', 'saved'],
  ['one safetensors file', 'saved.safetensors'],
]) {
  test.serial(`a model comes back from ${kind}, with its masks`, async (t) => {
    await useBackend('cpu');
    const path = join(await temporary(t), name);
    const model = await trained();
    const masks = {
      'fc1/kernel': Uint8Array.from({ length: 192 }, (_, i) => i % 2),
      'fc2/kernel': new Uint8Array(48).fill(1),
    };
    const before = tf.memory().numTensors;
    await saveModel(model, path, { tf, masks });
    const again = await loadModel(path, { tf });
    t.deepEqual(weightsOf(again.model), weightsOf(model));
    t.deepEqual(again.masks, masks);
    again.model.dispose();
    t.is(tf.memory().numTensors, before);
    model.dispose();
  });

  test.serial(`training goes on from ${kind} as if it had not stopped`, async (t) => {
    await useBackend('cpu');
    const path = join(await temporary(t), name);
    const { xs, ys } = tensorsOf(points(120));
    const fit = { epochs: 1, batchSize: 24, shuffle: false, verbose: 0 as const };
    const model = classifier(tf.train.momentum(0.1, 0.9));
    await model.fit(xs, ys, fit);
    await saveModel(model, path, { tf, includeOptimizer: true });
    const { model: again } = await loadModel(path, { tf });
    await model.fit(xs, ys, fit);
    await again.fit(xs, ys, fit);
    t.deepEqual(weightsOf(again), weightsOf(model));
    for (const used of [xs, ys, model, again]) used.dispose();
  });
}

for (const name of ['saved', 'saved.safetensors']) {
  test.serial(
    `a mask of no weight of the model is refused before anything is there: ${name}`,
    async (t) => {
      await useBackend('cpu');
      const folder = await temporary(t);
      const model = await trained();
      const masks = { 'fc1/kernel': new Uint8Array(192), 'fc9/kernel': new Uint8Array(48) };
      const error = await t.throwsAsync(saveModel(model, join(folder, name), { tf, masks }), {
        code: 'ERR_WOODFISHER_MISSING',
        message: /^the model has no weight "fc9\/kernel"; it has fc1\/kernel, /,
      });
      t.is((error as WoodFisherError).details.parameter, 'fc9/kernel');
      t.deepEqual(await readdir(folder), []);
      model.dispose();
    },
  );
}

test.serial('masks of BOOL are read as those of U8, and no weight is for them', async (t) => {
  await useBackend('cpu');
  const path = join(await temporary(t), 'masks.safetensors');
  const model = await trained();
  const data = Uint8Array.from({ length: 192 }, (_, i) => i % 2);
  await writeSafetensors(path, [{ name: 'fc1/kernel', dtype: 'BOOL', shape: [2, 96], data }]);
  await t.throwsAsync(readMaskFile(path, model), {
    code: 'ERR_WOODFISHER_FORMAT',
    message: /tensor "fc1\/kernel" must be U8 or BOOL \[\d+,\d+\], but is BOOL \[2,96\]$/,
  });
  const shape = [...(requireVariable(namedVariables(model), 'fc1/kernel').shape as number[])];
  await writeSafetensors(path, [{ name: 'fc1/kernel', dtype: 'BOOL', shape, data }]);
  for (const { variable } of namedVariables(model).values()) {
    variable.read = () => t.fail('the weights of the model were read') as never;
  }
  t.deepEqual(await readMaskFile(path, model), { 'fc1/kernel': data });
  t.is(maskTensors(model, { 'fc1/kernel': data })[0].dtype, 'U8');
  model.dispose();
});

test.serial('a path that is the .json file has its masks beside it', async (t) => {
  await useBackend('cpu');
  const folder = await temporary(t);
  const model = await trained();
  const masks = { 'fc1/kernel': Uint8Array.from({ length: 192 }, (_, i) => i % 2) };
  await saveModel(model, join(folder, 'own.json'), { tf, masks });
  t.true((await readdir(folder)).includes('masks.safetensors'));
  const again = await loadModel(join(folder, 'own.json'), { tf });
  t.deepEqual(again.masks, masks);
  for (const used of [model, again.model]) used.dispose();
});

for (const name of ['saved', 'saved.safetensors']) {
  test.serial(`a model loaded with its optimizer disposes it too: ${name}`, async (t) => {
    await useBackend('cpu');
    const path = join(await temporary(t), name);
    const { xs, ys } = tensorsOf(points(24));
    const model = classifier(tf.train.momentum(0.1, 0.9));
    await model.fit(xs, ys, { epochs: 1, verbose: 0 });
    await saveModel(model, path, { tf, includeOptimizer: true });
    const before = tf.memory().numTensors;
    const { model: again } = await loadModel(path, { tf });
    again.dispose();
    t.is(tf.memory().numTensors, before);
    for (const used of [xs, ys, model]) used.dispose();
  });
}

test.serial('conversion both ways keeps every bit, layers of all kinds', async (t) => {
  await useBackend('cpu');
  const folder = await temporary(t);
  const { layers } = tf;
  const model = tf.sequential({
    layers: [
      layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [8, 8, 1] }),
      layers.batchNormalization(),
      layers.separableConv2d({ filters: 2, kernelSize: 3 }),
      layers.reshape({ targetShape: [16, 2] }),
      layers.bidirectional({ layer: layers.lstm({ units: 3 }) as never }),
      layers.dense({ units: 2 }),
    ],
  });
  const paths = ['a', 'b.safetensors', 'c', 'd.safetensors'].map((name) => join(folder, name));
  let current: LayersModel = model;
  for (const path of paths) {
    await saveModel(current, path, { tf });
    const { model: next } = await loadModel(path, { tf });
    t.deepEqual(weightsOf(next), weightsOf(model));
    t.deepEqual(
      modelParameters(next).map(({ name, shape }) => [name, shape]),
      modelParameters(model).map(({ name, shape }) => [name, shape]),
    );
    if (current !== model) current.dispose();
    current = next;
  }
  const file = await openSafetensors(paths[1]);
  t.deepEqual(
    [...file.tensors.keys()].sort(),
    modelParameters(model)
      .map(({ name }) => name)
      .sort(),
  );
  await file.close();
  current.dispose();
  model.dispose();
});

test.serial('weight files are of any size', async (t) => {
  await useBackend('cpu');
  const folder = await temporary(t);
  const model = classifier();
  const bytes = 4 * (12 * 16 + 16 + 16 * 3 + 3);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 30, max: 2000 }), async (shardBytes) => {
      const path = join(folder, `${run++}`);
      await model.save(folderHandler(path, { shardBytes }));
      t.is((await readdir(path)).length, 1 + Math.ceil(bytes / shardBytes));
      const again = await tf.loadLayersModel(folderHandler(join(path, 'model.json')));
      t.deepEqual(weightsOf(again), weightsOf(model));
      again.dispose();
    }),
    { numRuns: 10 },
  );
  t.throws(() => folderHandler(folder, { shardBytes: 0 }), {
    message: /shardBytes must be a whole/,
  });
  model.dispose();
});

test.serial('files that are no models are refused with their names', async (t) => {
  await useBackend('cpu');
  const folder = await temporary(t);
  const path = join(folder, 'model');
  const model = classifier();
  await saveModel(model, path, { tf, masks: { 'fc1/kernel': new Uint8Array(192) } });
  const file = join(path, 'model.json');
  const json = JSON.parse(await readFile(file, 'utf8'));
  const before = tf.memory().numTensors;
  const refused = async (text: string, message: RegExp) => {
    await writeFile(file, text);
    await t.throwsAsync(loadModel(path, { tf }), { code: 'ERR_WOODFISHER_FORMAT', message });
  };
  await refused('{', /model\.json: is not JSON/);
  await refused('{}', /model\.json: has no modelTopology/);
  await refused(JSON.stringify({ ...json, weightsManifest: 1 }), /must have a weightsManifest/);
  const [group] = json.weightsManifest;
  const elsewhere = [{ ...group, paths: ['../secret.bin'] }];
  await refused(JSON.stringify({ ...json, weightsManifest: elsewhere }), /has a path in it/);
  const missing = [{ ...group, paths: ['none.bin'] }];
  await refused(JSON.stringify({ ...json, weightsManifest: missing }), /none\.bin: cannot be read/);
  await writeFile(file, JSON.stringify(json));
  await saveModel(model, join(folder, 'x.safetensors'), { tf });
  await writeFile(join(path, 'masks.safetensors'), await readFile(join(folder, 'x.safetensors')));
  await t.throwsAsync(loadModel(path, { tf }), {
    message: /"fc1\/kernel" must be U8 or BOOL \[12,16\]/,
  });
  t.is(tf.memory().numTensors, before);
  await t.throwsAsync(loadModel(join(path, 'masks.safetensors').replace('masks', 'm'), { tf }), {
    code: 'ERR_WOODFISHER_FORMAT',
  });
  model.dispose();
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { openSafetensors } from '../../src/formats/safetensors/reader.js';
import {
  convertModel,
  folderHandler,
  type LayersModel,
  loadModel,
  modelParameters,
  pruneModel,
  saveModel,
} from '../../src/tfjs/index.js';
import { runCli } from '../cli/run-cli.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { tf, useBackend } from './backends.js';
import { classifier, points } from './small-problem.js';

const weightsOf = (model: LayersModel) =>
  modelParameters(model).map(({ name, shape, data }) => [name, shape, data]);

test.before(() => useBackend('cpu'));

const { layers } = tf;

/** A layer of some kind that takes [6, 6, c] and gives as much. */
const kinds = {
  conv: () => layers.conv2d({ filters: 3, kernelSize: 2, padding: 'same' }),
  depthwise: () => layers.depthwiseConv2d({ kernelSize: 2, padding: 'same' }),
  separable: () => layers.separableConv2d({ filters: 2, kernelSize: 3, padding: 'same' }),
  normalization: () => layers.batchNormalization(),
  dense: () => layers.dense({ units: 4, useBias: false }),
} as const;

test.serial(
  'models of any layers go to safetensors and back, with masks, bit by bit',
  async (t) => {
    const folder = await temporaryFolder(t);
    let run = 0;
    const stacks = fc.array(fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(stacks, fc.integer({ min: 40, max: 500 }), async (stack, shardBytes) => {
        const before = tf.memory().numTensors;
        const model = tf.sequential({
          layers: [
            layers.inputLayer({ inputShape: [6, 6, 1] }),
            ...stack.map((kind) => kinds[kind]()),
            layers.flatten(),
            layers.dense({ units: 2 }),
          ],
        });
        const masks = Object.fromEntries(
          modelParameters(model)
            .filter(({ prunable }) => prunable !== false)
            .map(({ name, data }) => [name, Uint8Array.from(data, (_, i) => i % 2)]),
        );
        const [first, one, back] = ['a', 'b.safetensors', 'c'].map((end) =>
          join(folder, `${run}${end}`),
        );
        run++;
        await saveModel(model, first, { tf, masks });
        await model.save(folderHandler(first, { shardBytes }));
        const there = await convertModel(first, one, { tf });
        t.is(there.tensors, weightsOf(model).length);
        t.is(there.masks, Object.keys(masks).length);
        await convertModel(one, back, { tf });
        const again = await loadModel(back, { tf });
        t.deepEqual(weightsOf(again.model), weightsOf(model));
        t.deepEqual(again.masks, masks);
        again.model.dispose();
        model.dispose();
        t.is(tf.memory().numTensors, before);
      }),
      { numRuns: 12, seed: 2 },
    );
  },
);

for (const [dtype, bits] of [
  ['uint8', 8],
  ['uint16', 16],
] as const) {
  test.serial(`weights quantised to ${dtype} come as what they stand for`, async (t) => {
    const folder = await temporaryFolder(t);
    const model = classifier();
    await model.save(folderHandler(folder));
    const file = join(folder, 'model.json');
    const json = JSON.parse(await readFile(file, 'utf8'));
    const [group] = json.weightsManifest;
    const parts: Uint8Array[] = [];
    const expected: number[][] = [];
    modelParameters(model).forEach(({ data }, i) => {
      const [min, scale] = [-1, 2 / (2 ** bits - 1)];
      const whole = Array.from(data, (w) =>
        Math.min(Math.max(Math.round((w - min) / scale), 0), 2 ** bits - 1),
      );
      const array = bits === 8 ? Uint8Array.from(whole) : Uint16Array.from(whole);
      parts.push(new Uint8Array(array.buffer));
      expected.push(whole.map((q) => Math.fround(q * scale + min)));
      group.weights[i].quantization = { dtype, min, scale };
    });
    group.paths = ['quantised.bin'];
    await writeFile(join(folder, 'quantised.bin'), Buffer.concat(parts));
    await writeFile(file, JSON.stringify(json));
    const output = join(folder, 'model.safetensors');
    await convertModel(file, output, { tf });
    const converted = await openSafetensors(output);
    for (const [i, { name }] of modelParameters(model).entries()) {
      t.deepEqual([...(await converted.read(name))], expected[i]);
    }
    await converted.close();
    model.dispose();
  });
}

test.serial('what does not fit is refused by name and rule, and no tensor is left', async (t) => {
  const folder = await temporaryFolder(t);
  const model = classifier();
  await saveModel(model, folder, { tf, masks: { 'fc1/kernel': new Uint8Array(192) } });
  const file = join(folder, 'model.json');
  const text = await readFile(file, 'utf8');
  const shard = join(folder, 'group1-shard1of1.bin');
  const bytes = await readFile(shard);
  const before = tf.memory().numTensors;
  const refused = async (message: RegExp, options = {}) =>
    t.throwsAsync(convertModel(folder, join(folder, 'out.safetensors'), { tf, ...options }), {
      code: 'ERR_WOODFISHER_FORMAT',
      message,
    });
  await writeFile(shard, bytes.subarray(4));
  await refused(/model\.json: the weights of its manifest take 1036 bytes, but .* have 1032/);
  await writeFile(shard, bytes);
  await writeFile(file, JSON.stringify({ ...JSON.parse(text), format: 'graph-model' }));
  await refused(/is a graph model, which has no layers/);
  const other = JSON.parse(text);
  other.weightsManifest[0].weights[0].dtype = 'string';
  await writeFile(file, JSON.stringify(other));
  await refused(/weight "fc1\/kernel" must be of one of float32, .* but is of "string"/);
  await writeFile(file, text);
  const masks = join(folder, 'masks.safetensors');
  const mask = await readFile(masks);
  mask[mask.length - 1] = 2;
  await writeFile(masks, mask);
  await refused(/tensor "fc1\/kernel" must be of 0 and 1, but has 2 at 191/);
  t.is(tf.memory().numTensors, before);
  model.dispose();
});

test.serial('masks that come with a model are held by the next pruning', async (t) => {
  const folder = await temporaryFolder(t);
  const model = classifier();
  const dataset = points(120);
  const options = { tf, samples: 60, seed: 1 } as const;
  const half = await pruneModel(model, dataset, { ...options, sparsity: 0.5 });
  const path = join(folder, 'half.safetensors');
  await saveModel(half.model, path, { tf, masks: half.masks });
  const loaded = await loadModel(path, { tf });
  loaded.model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
  const more = await pruneModel(loaded.model, dataset, {
    ...options,
    sparsity: 0.7,
    masks: loaded.masks,
  });
  for (const [name, mask] of Object.entries(half.masks)) {
    mask.forEach((kept, i) => {
      if (kept === 0) t.is(more.masks[name][i], 0);
    });
  }
  for (const { model: used } of [half, loaded, more]) used.dispose();
  model.dispose();
});

test.serial(
  'on the command line: to one file, pruned there, and back with its masks',
  async (t) => {
    const folder = await temporaryFolder(t);
    const model = classifier();
    const [web, one, pruned, masks, back] = [
      'web',
      'model.safetensors',
      'pruned.safetensors',
      'masks.safetensors',
      'back',
    ].map((name) => join(folder, name));
    await saveModel(model, web, { tf });
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await runCli(args);
      t.is(code, 0, stderr);
      return stdout;
    };
    t.regex(await run('convert', web, one), /model\.safetensors: 4 tensors, 259 values, 0 masks/);
    await run(
      ...['prune', '--weights', one, '--output-axis', 'last', '--criterion', 'magnitude'],
      ...['--update', 'none', '--sparsity', '0.5', '--out', pruned, '--mask-out', masks],
    );
    const events = await run('convert', pruned, back, '--masks', masks, '--json');
    t.like(JSON.parse(events.trim().split('\n').at(-1) as string), { event: 'done', masks: 2 });
    const again = await loadModel(back, { tf });
    for (const { name, data } of modelParameters(again.model)) {
      const mask = again.masks[name];
      if (mask === undefined) continue;
      mask.forEach((kept, i) => {
        t.is(data[i] !== 0, kept === 1);
      });
    }
    const zeros = Object.values(again.masks).reduce(
      (sum, mask) => sum + mask.filter((kept) => kept === 0).length,
      0,
    );
    t.is(zeros, (12 * 16 + 16 * 3) / 2);
    again.model.dispose();
    model.dispose();
  },
);

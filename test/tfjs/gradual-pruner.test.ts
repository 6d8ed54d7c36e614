import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import * as fc from 'fast-check';
import type { Schedule } from '../../src/index.js';
import {
  GradualPruner,
  type LayersModel,
  modelParameters,
  setModelWeights,
} from '../../src/tfjs/index.js';
import { plannedPrunings } from '../../src/tfjs/training/pruning-times.js';
import { backends, tf, useBackend } from './backends.js';
import { classifier, FEATURES, points, tensorsOf, zerosOf } from './small-problem.js';

const data = points(240);
const batchSize = 24; // 10 steps an epoch
const schedule = { sparsity: 0.8, start: 5, end: 25, frequency: 5 };
const quick = { samples: 60, blockSize: 16 };

const optimizers = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.05, 0.9),
  nesterov: () => tf.train.momentum(0.05, 0.9, true),
  adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01),
  adagrad: () => tf.train.adagrad(0.1),
  adadelta: () => tf.train.adadelta(0.5),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9, 0.5),
};

type Slots = { originalName: string; variable: tf.Variable }[];

/** Values of the optimizer's own weights where a mask is 0. */
function slotsOfPruned(model: LayersModel, masks: Readonly<Record<string, Uint8Array>>): number[] {
  const lists = Object.values(model.optimizer).filter(
    (value): value is Slots => Array.isArray(value) && value[0]?.variable !== undefined,
  );
  const names = ['fc1/kernel', 'fc1/bias', 'fc2/kernel', 'fc2/bias'];
  return lists.flatMap((slots) =>
    slots.flatMap(({ variable }, i) => {
      const mask = masks[names[i]];
      return mask === undefined ? [] : [...variable.dataSync()].filter((_, j) => mask[j] === 0);
    }),
  );
}

for (const backend of backends) {
  for (const [name, make] of Object.entries(optimizers)) {
    test.serial(`${name}: pruned weights and all about them stay 0 (${backend})`, async (t) => {
      await useBackend(backend);
      const tensors = tensorsOf(data);
      const before = tf.memory().numTensors;
      const optimizer = make();
      const model = classifier(optimizer as ReturnType<typeof tf.train.sgd>);
      const pruner = await GradualPruner.create(model, data, { tf, ...schedule, ...quick });
      const sparsities: number[] = [];
      await model.fit(tensors.xs, tensors.ys, {
        batchSize,
        epochs: 4,
        shuffle: false,
        verbose: 0,
        callbacks: [
          {
            ...pruner,
            onBatchEnd: async () => {
              await pruner.onBatchEnd();
              for (const { name, data } of modelParameters(model)) {
                const mask = pruner.masks[name];
                t.true(data.every((w, i) => mask === undefined || mask[i] === 1 || w === 0));
              }
              sparsities.push(zerosOf(model).zeros);
            },
          },
        ],
      });
      const { size } = zerosOf(model);
      t.is(pruner.step, 40);
      t.deepEqual(
        pruner.history.map(({ step }) => step),
        [5, 10, 15, 20, 25],
      );
      t.is(sparsities.at(-1), Math.floor(0.8 * size + 0.5));
      t.true(sparsities.every((zeros, i) => i === 0 || zeros >= sparsities[i - 1]));
      t.true(slotsOfPruned(model, pruner.masks).every((value) => value === 0));
      model.dispose();
      optimizer.dispose();
      // Momentum forgets the step size that it inherits (TensorFlow.js 4.22).
      const { c } = optimizer as unknown as { c?: tf.Tensor };
      if (c?.isDisposed === false) c.dispose();
      t.is(tf.memory().numTensors, before);
      tensors.xs.dispose();
      tensors.ys.dispose();
    });
  }
}

test.serial('fitDataset is pruned as fit is, with weight decay', async (t) => {
  await useBackend('cpu');
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        name: 'fc1',
        units: 3,
        activation: 'softmax',
        inputShape: [FEATURES],
        kernelRegularizer: tf.regularizers.l2({ l2: 0.1 }),
      }),
    ],
  });
  model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
  const { xs, ys } = tensorsOf(data);
  const rows = tf.tidy(() => tf.cast(tf.oneHot(tf.cast(ys, 'int32'), 3), 'float32'));
  const dataset = tf.data
    .zip({
      xs: tf.data.array(await (xs as tf.Tensor2D).array()),
      ys: tf.data.array((await rows.array()) as number[][]),
    })
    .batch(batchSize);
  const before = tf.memory().numTensors;
  const pruner = await GradualPruner.create(model, { xs, ys: rows }, { tf, ...schedule, ...quick });
  await model.fitDataset(dataset as Parameters<typeof model.fitDataset>[0], {
    epochs: 3,
    verbose: 0,
    callbacks: pruner,
  });
  t.is(pruner.planned.length, 0);
  t.is(zerosOf(model).zeros, Math.floor(0.8 * 3 * FEATURES + 0.5));
  t.is(tf.memory().numTensors, before);
  for (const tensor of [xs, ys, rows]) tensor.dispose();
  model.dispose();
});

test.serial('after training the optimizer is as it was', async (t) => {
  await useBackend('cpu');
  const model = classifier(tf.train.sgd(0.1));
  const { xs, ys } = tensorsOf(data);
  const pruner = await GradualPruner.create(model, data, { tf, ...schedule, ...quick });
  await model.fit(xs, ys, { epochs: 3, batchSize, verbose: 0, callbacks: pruner });
  t.false(Object.hasOwn(model.optimizer, 'applyGradients'));
  const { zeros } = zerosOf(model);
  await model.fit(xs, ys, { epochs: 1, batchSize, verbose: 0 });
  t.true(zerosOf(model).zeros < zeros);
  xs.dispose();
  ys.dispose();
  model.dispose();
});

for (const criterion of ['woodfisher', 'magnitude'] as const) {
  test.serial(`a training that is broken off and resumed ends alike (${criterion})`, async (t) => {
    await useBackend('cpu');
    const folder = await mkdtemp(join(tmpdir(), 'woodfisher-'));
    t.teardown(() => rm(folder, { recursive: true }));
    const path = join(folder, 'checkpoint.safetensors');
    const options = { tf, ...schedule, ...quick, criterion };
    if (criterion === 'magnitude') Object.assign(options, { samples: undefined });
    const { xs, ys } = tensorsOf(data);
    const fit = { batchSize, shuffle: false, verbose: 0 as const };
    const whole = classifier(tf.train.momentum(0.05, 0.9));
    const straight = await GradualPruner.create(whole, data, options);
    await whole.fit(xs, ys, { ...fit, epochs: 4, callbacks: straight });

    const half = classifier(tf.train.momentum(0.05, 0.9));
    const first = await GradualPruner.create(half, data, options);
    await half.fit(xs, ys, { ...fit, epochs: 1, callbacks: first });
    await first.save(path);
    half.dispose();
    const { model, pruner } = await GradualPruner.resume(path, data, options);
    t.is(pruner.step, 10);
    t.deepEqual(pruner.masks, first.masks);
    await model.fit(xs, ys, { ...fit, epochs: 4, initialEpoch: 1, callbacks: pruner });
    t.deepEqual(
      modelParameters(model).map(({ data }) => data),
      modelParameters(whole).map(({ data }) => data),
    );
    for (const used of [whole, model]) used.dispose();
    xs.dispose();
    ys.dispose();
  });
}

test.serial('resumed, what was pruned before training began counts as it did', async (t) => {
  await useBackend('cpu');
  const folder = await mkdtemp(join(tmpdir(), 'woodfisher-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'checkpoint.safetensors');
  const model = classifier(tf.train.momentum(0.05, 0.9));
  const masks = Object.fromEntries(
    modelParameters(model)
      .filter(({ prunable }) => prunable !== false)
      .map(({ name, data }) => [name, Uint8Array.from(data, (_, i) => i % 2)]),
  );
  await setModelWeights(
    model,
    modelParameters(model).map((one) => ({
      ...one,
      data: one.data.map((w, i) => (masks[one.name]?.[i] === 0 ? 0 : w)),
    })),
    { tf },
  );
  const options = { tf, ...schedule, ...quick, sparsity: 0.9, masks };
  const first = await GradualPruner.create(model, data, options);
  const { xs, ys } = tensorsOf(data);
  await model.fit(xs, ys, { batchSize, shuffle: false, verbose: 0, epochs: 1, callbacks: first });
  t.true(first.history.length > 0 && first.planned.length > 0);
  await first.save(path);
  const { model: again, pruner } = await GradualPruner.resume(path, data, options);
  t.deepEqual(pruner.planned, first.planned);
  for (const used of [model, again, xs, ys]) used.dispose();
});

test.serial('a pruning that fails stops training with the weights from before it', async (t) => {
  await useBackend('cpu');
  const model = classifier(tf.train.sgd(0.1));
  const { xs, ys } = tensorsOf(data);
  const controller = new AbortController();
  const { signal } = controller;
  const pruner = await GradualPruner.create(model, data, { tf, ...schedule, ...quick, signal });
  controller.abort();
  /** Tensors that a training leaves which its callback breaks off. */
  const leftBy = async (callbacks: { onBatchEnd(batch: number): Promise<void> }) => {
    const before = tf.memory().numTensors;
    const fit = { epochs: 3, batchSize, verbose: 0 as const, callbacks };
    const error = await t.throwsAsync(model.fit(xs, ys, fit), { any: true });
    return { error, tensors: tf.memory().numTensors - before };
  };
  const ours = await leftBy(pruner);
  t.is((ours.error as Error).name, 'AbortError');
  t.is(pruner.step, 5);
  t.is(zerosOf(model).zeros, 0);
  pruner.dispose();
  const plain = await leftBy({
    async onBatchEnd(batch) {
      if (batch === 4) throw new Error('broken off');
    },
  });
  t.is(ours.tensors, plain.tensors);
  for (const used of [xs, ys, model]) used.dispose();
});

test('prunings come at start and every frequency steps, end at the target, and never go back', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1000 }),
      fc.integer({ min: 0, max: 1000 }),
      fc.integer({ min: 1, max: 300 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom<Schedule>('cubic', 'linear', { polynomial: 4 }),
      (start, length, frequency, sparsity, schedule) => {
        const all = plannedPrunings({ start, end: start + length, frequency, sparsity, schedule });
        t.is(all[0].step, start);
        t.is(all.at(-1)?.sparsity, sparsity);
        all.slice(1).forEach((pruning, i) => {
          t.is(pruning.step - all[i].step, frequency);
          t.true(pruning.sparsity >= all[i].sparsity - 1e-12);
        });
        const last = all.at(-1)?.step ?? 0;
        t.true(last <= start + length && last + frequency > start + length);
      },
    ),
  );
});

test.serial('times and models that do not fit are refused by name', async (t) => {
  await useBackend('cpu');
  const model = classifier();
  const create = (options: object) =>
    GradualPruner.create(model, data, { tf, ...schedule, ...options });
  const cases = [
    [{ start: -1 }, /start must be a whole number of at least 0, but is -1/],
    [{ frequency: 0 }, /frequency must be a whole number of at least 1, but is 0/],
    [{ end: 4 }, /end must be a whole number of at least 5, but is 4/],
    [{ sparsity: 1.5 }, /sparsity must be a number from 0 to 1, but is 1.5/],
  ] as const;
  for (const [options, message] of cases) await t.throwsAsync(create(options), { message });
  const bare = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [FEATURES] })] });
  await t.throwsAsync(GradualPruner.create(bare, data, { tf, ...schedule }), {
    message: /the model has no optimizer: call model.compile/,
  });
  bare.dispose();
  model.dispose();
});

import test from 'ava';
import * as fc from 'fast-check';
import { type LayersModel, modelParameters, pruneModel } from '../../src/tfjs/index.js';
import { backends, tf, useBackend } from './backends.js';
import { FEATURES, points, tensorsOf, trained, zerosOf } from './small-problem.js';

const dataset = points(300, 2);

/** Tensors and bytes that `use` leaves, the models that it gives back disposed. */
async function leftBy(model: LayersModel, use: () => Promise<LayersModel | undefined>) {
  const before = tf.memory();
  const other = await use();
  if (other !== undefined && other !== model) other.dispose();
  const after = tf.memory();
  return [after.numTensors - before.numTensors, after.numBytes - before.numBytes];
}

for (const backend of backends) {
  test.serial(`a clone is pruned exactly, and the model stays (${backend})`, async (t) => {
    await useBackend(backend);
    const model = await trained();
    const before = modelParameters(model);
    const left = await leftBy(model, async () => {
      const pruned = await pruneModel(model, dataset, { tf, sparsity: 0.7, blockSize: 20 });
      t.not(pruned.model, model);
      const { zeros, size } = zerosOf(pruned.model);
      t.is(zeros, Math.floor(0.7 * size + 0.5));
      const masked = Object.values(pruned.masks).flatMap((mask) => [...mask]);
      t.is(masked.filter((kept) => kept === 0).length, zeros);
      t.true(pruned.heldOut);
      t.is(pruned.statistics.samples, 270);
      t.is(pruned.measuredLossChange, pruned.metricsAfter.loss - pruned.metricsBefore.loss);
      t.true((pruned.predictedLossChange as number) > 0);
      t.true(pruned.metricsAfter.accuracy > 0.8);
      t.is(pruned.gradients[0].mode, 'factors');
      return pruned.model;
    });
    t.deepEqual(left, [0, 0]);
    t.deepEqual(modelParameters(model), before);
    model.dispose();
  });

  test.serial(`preset best searches its step on held-out examples (${backend})`, async (t) => {
    await useBackend(backend);
    const model = await trained();
    const left = await leftBy(model, async () => {
      const { statistics, metricsAfter } = await pruneModel(model, dataset, {
        tf,
        preset: 'best',
        steps: 4,
        blockSize: 20,
        sparsity: 0.8,
        inPlace: true,
      });
      t.is(statistics.preset, 'best');
      t.is(statistics.steps.length, 4);
      t.true(statistics.steps.every(({ firstOrder }) => firstOrder?.search !== null));
      t.true(metricsAfter.accuracy > 0.8);
      return model;
    });
    t.deepEqual(left, [0, 0]);
    t.is(zerosOf(model).zeros, Math.floor(0.8 * zerosOf(model).size + 0.5));
    model.dispose();
  });
}

test.serial('the metrics are those of evaluate, and of own functions', async (t) => {
  await useBackend('cpu');
  const model = await trained();
  const { xs, ys } = tensorsOf(dataset);
  model.compile({
    optimizer: 'sgd',
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy', tf.metrics.sparseCategoricalAccuracy],
  });
  const expected = (model.evaluate(xs, ys, { batchSize: 64 }) as tf.Scalar[]).map((value) => {
    const [number] = value.dataSync();
    value.dispose();
    return number;
  });
  const options = { tf, sparsity: 0.5, samples: 100, validationSplit: 0, inPlace: true };
  const { metricsBefore, heldOut } = await pruneModel(model, dataset, options);
  t.false(heldOut);
  t.deepEqual(Object.keys(metricsBefore).sort(), ['accuracy', 'loss', 'sparseCategoricalAccuracy']);
  t.true(Math.abs(metricsBefore.loss - expected[0]) < 1e-5);
  t.true(Math.abs(metricsBefore.accuracy - expected[1]) < 1e-6);
  t.true(Math.abs(metricsBefore.sparseCategoricalAccuracy - expected[1]) < 1e-6);
  const sure = (_: tf.Tensor, y: tf.Tensor) => tf.max(y, 1);
  const own = await pruneModel(model, dataset, { ...options, metrics: { sure } });
  t.deepEqual(Object.keys(own.metricsBefore).sort(), ['accuracy', 'loss', 'sure']);
  t.true(own.metricsBefore.sure > 1 / 3 && own.metricsBefore.sure <= 1);
  xs.dispose();
  ys.dispose();
  model.dispose();
});

test.serial('tensors, arrays and tf.data in batches or singly give the same result', async (t) => {
  await useBackend('cpu');
  const model = await trained();
  const tensors = tensorsOf(dataset);
  const rows = Array.from({ length: dataset.ys.length }, (_, n) => ({
    xs: [...(dataset.xs as Float32Array).slice(n * FEATURES, (n + 1) * FEATURES)],
    ys: dataset.ys[n],
  }));
  const singles = tf.data.array(rows);
  const pruned: Float32Array[][] = [];
  for (const given of [dataset, tensors, singles.batch(64), singles]) {
    const left = await leftBy(model, async () => {
      const result = await pruneModel(model, given as typeof dataset, {
        tf,
        sparsity: 0.6,
        samples: 200,
        maxExamples: 300,
      });
      pruned.push(modelParameters(result.model).map(({ data }) => data));
      return result.model;
    });
    t.deepEqual(left, [0, 0]);
  }
  for (const other of pruned.slice(1)) t.deepEqual(other, pruned[0]);
  tensors.xs.dispose();
  tensors.ys.dispose();
  model.dispose();
});

test.serial('any sparsity is met exactly, and weights pruned before stay pruned', async (t) => {
  await useBackend('cpu');
  const model = await trained();
  const { size } = zerosOf(model);
  await fc.assert(
    fc.asyncProperty(
      fc.double({ min: 0, max: 0.7, noNaN: true }),
      fc.double({ min: 0, max: 0.7, noNaN: true }),
      async (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const options = { tf, samples: 60, blockSize: 16 };
        const first = await pruneModel(model, dataset, { ...options, sparsity: low });
        const { masks } = first;
        const second = await pruneModel(first.model, dataset, {
          ...options,
          sparsity: high,
          masks,
        });
        t.is(second.statistics.totals.prunedBefore, Math.floor(low * size + 0.5));
        t.is(zerosOf(second.model).zeros, Math.floor(high * size + 0.5));
        for (const [name, mask] of Object.entries(masks)) {
          t.true(mask.every((kept, i) => kept === 1 || second.masks[name][i] === 0));
        }
        first.model.dispose();
        second.model.dispose();
      },
    ),
    { numRuns: 8, endOnFailure: true },
  );
  model.dispose();
});

test.serial('a seed decides everything that is random', async (t) => {
  await useBackend('cpu');
  const model = await trained();
  for (const criterion of ['woodfisher', 'random'] as const) {
    const runs = [];
    for (const seed of [5, 5, 6]) {
      const options = { tf, criterion, seed, sparsity: 0.5, validationSplit: 0.6 };
      const { model: pruned, masks, metricsBefore } = await pruneModel(model, dataset, options);
      runs.push({ masks, heldOutLoss: metricsBefore.loss });
      pruned.dispose();
    }
    t.deepEqual(runs[1], runs[0]);
    t.not(runs[2].heldOutLoss, runs[0].heldOutLoss);
    if (criterion === 'random') t.notDeepEqual(runs[2].masks, runs[0].masks);
  }
  model.dispose();
});

test.serial('magnitude with a preset that updates takes its gradients for that', async (t) => {
  await useBackend('cpu');
  const model = await trained();
  const options = { tf, criterion: 'magnitude', preset: 'fast', sparsity: 0.5 } as const;
  const pruned = await pruneModel(model, dataset, options);
  t.not(pruned.statistics.samples, null);
  t.is(pruned.statistics.totals.sparsity, 0.5);
  for (const used of [model, pruned.model]) used.dispose();
});

test.serial('magnitude takes no gradients', async (t) => {
  await useBackend('cpu');
  const model = await trained();
  const options = { tf, criterion: 'magnitude', sparsity: 0.5 } as const;
  const {
    model: pruned,
    statistics,
    predictedLossChange,
  } = await pruneModel(model, dataset, options);
  t.is(statistics.samples, null);
  t.is(predictedLossChange, null);
  const [kernel, , other] = modelParameters(model);
  const sizes = [...kernel.data, ...other.data].map(Math.abs).sort((a, b) => a - b);
  const [left, , last] = modelParameters(pruned);
  const kept = [...left.data, ...last.data].filter((w) => w !== 0).map(Math.abs);
  t.true(Math.min(...kept) >= sizes[Math.floor(sizes.length / 2) - 1]);
  pruned.dispose();
  model.dispose();
});

test.serial(
  'samples of several examples, drawn labels and excluded parameters go through',
  async (t) => {
    await useBackend('cpu');
    const model = await trained();
    const { model: pruned, statistics } = await pruneModel(model, dataset, {
      tf,
      sparsity: 0.5,
      examplesPerSample: 4,
      fisherScale: 'examples',
      samples: 50,
      labels: 'drawn',
      exclude: ['fc2/kernel'],
    });
    t.is(statistics.samples, 50);
    t.deepEqual(
      statistics.parameters.map(({ name }) => name),
      ['fc1/kernel'],
    );
    t.false(modelParameters(pruned)[2].data.includes(0));
    pruned.dispose();
    model.dispose();
  },
);

test.serial('a failure leaves the model as it was, and no tensor', async (t) => {
  await useBackend('cpu');
  const model = await trained();
  const before = modelParameters(model);
  for (const inPlace of [true, false]) {
    const left = await leftBy(model, async () => {
      let calls = 0;
      const loss = (labels: tf.Tensor, y: tf.Tensor) => {
        if (++calls > 25) throw new Error('broken');
        const rows = tf.oneHot(tf.cast(labels, 'int32'), 3);
        return tf.sum(tf.squaredDifference(y, rows), 1);
      };
      const options = { tf, loss, inPlace, preset: 'best', steps: 4, sparsity: 0.9 } as const;
      const failed = pruneModel(model, dataset, { ...options, samples: 100 });
      await t.throwsAsync(failed, { message: 'broken' });
      const signal = AbortSignal.timeout(1);
      await t.throwsAsync(pruneModel(model, dataset, { tf, sparsity: 0.9, inPlace, signal }), {
        any: true,
        name: 'TimeoutError',
      });
      return undefined;
    });
    t.deepEqual(left, [0, 0]);
    t.deepEqual(modelParameters(model), before);
  }
  model.dispose();
});

test.serial('what does not fit is refused by name', async (t) => {
  await useBackend('cpu');
  const model = await trained();
  const cases = [
    [{ samples: 1000 }, /samples must be at most 270, as many as there are/],
    [{ validationSplit: 1 }, /validationSplit must be a number from 0 to below 1, but is 1/],
    [{ preset: 'best', validationSplit: 0 }, /validationSplit must be above 0, or heldOut given/],
    [{ exclude: ['fc9/kernel'] }, /exclude names "fc9\/kernel".* it has fc1\/kernel/],
    [{ labels: 'true' }, /labels must be one of given, drawn, but is "true"/],
    [{ seed: -1 }, /seed must be a whole number of at least 0, but is -1/],
    [{ heldOut: dataset, validationSplit: 0.2 }, /validationSplit must be left out where heldOut/],
  ] as const;
  for (const [options, message] of cases) {
    const refused = pruneModel(model, dataset, { tf, sparsity: 0.5, ...(options as object) });
    await t.throwsAsync(refused, { message });
  }
  const short = { xs: dataset.xs, ys: dataset.ys.slice(1) };
  await t.throwsAsync(pruneModel(model, short, { tf, sparsity: 0.5 }), {
    message: /dataset.ys must be of 300 examples, as xs are, but is "of 299"/,
  });
  await t.throwsAsync(pruneModel(model, [] as never, { tf, sparsity: 0.5 }), {
    message: /dataset must be \{xs, ys\} of tensors or arrays, or a tf.data.Dataset/,
  });
  model.dispose();
});

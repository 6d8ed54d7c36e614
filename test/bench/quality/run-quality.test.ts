import type { ExecutionContext } from 'ava';
import test from 'ava';
import type { Dataset } from '../../../bench/quality/datasets.js';
import { type QualityMethod, resolvedOptions } from '../../../bench/quality/methods.js';
import type { QualityResult } from '../../../bench/quality/result.js';
import {
  type CompletedRun,
  type QualityOptions,
  runQuality,
} from '../../../bench/quality/run-quality.js';
import type { Split } from '../../../examples/digits/idx.js';
import { temporaryFolder } from '../../formats/temporary-folder.js';
import { seeded } from '../../random.js';

const methods: QualityMethod[] = [
  { name: 'magnitude', options: { criterion: 'magnitude', update: 'none' }, needs: [] },
  { name: 'joint', options: { blockSize: 50 }, needs: ['gradients'] },
  {
    name: 'first-order',
    options: { blockSize: 50, steps: 2, firstOrder: { step: 'line-search' } },
    needs: ['gradients', 'loss'],
    samples: 16,
    sparsities: [0.8],
  },
];

/** Images with 40 bright pixels where their class says, in noise. */
function stripes(count: number, seed: number): Split {
  const random = seeded(seed);
  const images = new Float32Array(count * 784);
  const labels = new Uint8Array(count);
  for (let n = 0; n < count; n++) {
    labels[n] = Math.floor(10 * random());
    for (let i = 0; i < 784; i++) {
      const bright = Math.floor(i / 40) === labels[n];
      images[n * 784 + i] = Math.max(0, (bright ? 0.5 : -0.5) + random());
    }
  }
  return { images, labels };
}

const dataset: Dataset = {
  name: 'mnist',
  train: stripes(600, 1),
  heldOut: stripes(100, 2),
  test: stripes(200, 3),
};

/** Runs the methods on a small network, and lists the runs. */
async function quality(
  cache: string,
  change: Partial<QualityOptions> = {},
): Promise<{ result: QualityResult; runs: CompletedRun[]; trained: number }> {
  const runs: CompletedRun[] = [];
  let trained = 0;
  const network = { name: 'small', sizes: [784, 12, 10], epochs: 4 };
  const result = await runQuality({
    subjects: [{ name: 'mnist/small', dataset: 'mnist', network, epochs: 4 }],
    methods,
    sparsities: [0, 0.8],
    samples: [20],
    tableSamples: 40,
    tableSparsity: 0.8,
    seeds: [1, 2],
    load: async () => dataset,
    cache,
    fresh: false,
    quick: true,
    skipped: {},
    onTrained: () => trained++,
    onRun: (run) => runs.push(run),
    ...change,
  });
  return { result, runs, trained };
}

function withoutSeconds(t: ExecutionContext, { cases, ...rest }: QualityResult): unknown {
  return {
    ...rest,
    cases: cases.map(({ seconds, ...others }) => {
      t.true(seconds > 0);
      return others;
    }),
  };
}

test('all cells, and a run for each seed', async (t) => {
  const { result, trained } = await quality(await temporaryFolder(t));
  t.is(trained, 2);
  t.deepEqual(
    result.cases.map(({ method, sparsity, samples }) => [method, sparsity, samples]),
    [
      ['magnitude', 0, null],
      ['magnitude', 0.8, null],
      ['joint', 0, 40],
      ['joint', 0.8, 40],
      ['joint', 0.8, 20],
      ['first-order', 0.8, 16],
    ],
  );
  const [dense] = result.dense;
  t.true(dense.mean > 0.5, `${dense.mean}`);
  t.notDeepEqual(dense.accuracies, [dense.mean, dense.mean], 'seeds give networks of their own');
  for (const { sparsity, mean, sd, accuracies } of result.cases) {
    t.is(accuracies.length, 2);
    const [a, b] = accuracies;
    t.true(Math.abs(mean - (a + b) / 2) < 1e-15);
    t.true(Math.abs((sd ?? -1) - Math.abs(a - b) / Math.SQRT2) < 1e-15);
    if (sparsity === 0) t.deepEqual(accuracies, dense.accuracies);
  }
});

test('a run that was broken off goes on where it was, with the same results', async (t) => {
  const cache = await temporaryFolder(t);
  let left = 3;
  const brokenOff = quality(cache, {
    onRun: () => {
      if (--left === 0) throw new Error('broken off');
    },
  });
  await t.throwsAsync(brokenOff, { message: 'broken off' });
  const { runs, result, trained } = await quality(cache);
  t.is(trained, 0);
  t.deepEqual(
    runs.map(({ kept }) => kept),
    runs.map((_, i) => i < 3),
  );
  const afresh = await quality(cache, { fresh: true });
  t.is(afresh.trained, 2);
  t.true(afresh.runs.every(({ kept }) => !kept));
  t.deepEqual(withoutSeconds(t, afresh.result), withoutSeconds(t, result));
});

test('what is kept alone: only cells that all seeds have been run for', async (t) => {
  const cache = await temporaryFolder(t);
  let left = 3; // both seeds of the first cell, and one of the second
  const brokenOff = quality(cache, {
    onRun: () => {
      if (--left === 0) throw new Error('broken off');
    },
  });
  await t.throwsAsync(brokenOff, { message: 'broken off' });
  const { result, runs } = await quality(cache, { onlyKept: true });
  t.deepEqual(
    result.cases.map(({ method, sparsity }) => [method, sparsity]),
    [['magnitude', 0]],
  );
  t.true(runs.every(({ kept }) => kept));
});

test('a result of a preset is kept by the options that the preset stands for', async (t) => {
  const cache = await temporaryFolder(t);
  const fast: QualityMethod = { name: 'fast', options: { preset: 'fast' }, needs: ['gradients'] };
  const one = { sparsities: [0.8], samples: [], seeds: [1] };
  await quality(cache, { ...one, methods: [fast] });
  const written = { ...fast, options: resolvedOptions(fast) };
  const { runs } = await quality(cache, { ...one, methods: [written] });
  t.deepEqual(
    runs.map(({ kept }) => kept),
    [true],
  );
});

test('what is kept of other options, seeds or examples is not taken', async (t) => {
  const cache = await temporaryFolder(t);
  const one = { methods: [methods[1]], sparsities: [0.8], samples: [], seeds: [1] };
  await quality(cache, one);
  const changes: Partial<QualityOptions>[] = [
    { methods: [{ ...methods[1], options: { blockSize: 40 } }] },
    { tableSamples: 41 },
    { seeds: [2] },
    { sparsities: [0.81] },
    { load: async () => ({ ...dataset, test: stripes(150, 3) }) },
  ];
  for (const change of changes) {
    const { runs } = await quality(cache, { ...one, ...change });
    t.deepEqual(
      runs.map(({ kept }) => kept),
      [false],
      Object.keys(change).join(),
    );
  }
  const { runs } = await quality(cache, one);
  t.true(runs[0].kept);
});

import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { openSafetensors } from '../../src/formats/safetensors/reader.js';
import { BlockFisher, type BlockFisherOptions, prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { type Dense, inverse, multiply, quadraticForm } from '../oracle/dense.js';
import { randomArray, randomBatches, randomParameter, seeded } from '../random.js';

const LAMBDA = 1e-2;

/** λI + (m/N) Σ (g − s)(g − s)ᵀ, s the mean or 0. */
function denseFisher(rows: readonly (readonly number[])[], m: number, centred: boolean): Dense {
  const n = rows.length;
  const mean = rows[0].map((_, c) => rows.reduce((sum, row) => sum + row[c], 0) / n);
  const shifted = rows.map((row) => row.map((g, c) => g - (centred ? mean[c] : 0)));
  return mean.map((_, i) =>
    mean.map((_, j) => {
      const sum = shifted.reduce((total, row) => total + row[i] * row[j], 0);
      return (m / n) * sum + (i === j ? LAMBDA : 0);
    }),
  );
}

function rowsOf(batches: readonly Float32Array[], size: number): number[][] {
  return batches.flatMap((batch) =>
    Array.from({ length: batch.length / size }, (_, n) => [
      ...batch.subarray(n * size, (n + 1) * size),
    ]),
  );
}

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): boolean {
  return Array.from(expected).every(
    (value, i) => Math.abs(actual[i] - value) <= tolerance * (Math.abs(value) + 1e-3),
  );
}

const cases = fc.record({
  size: fc.integer({ min: 1, max: 20 }),
  counts: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
  m: fc.integer({ min: 1, max: 50 }),
  fisherScale: fc.constantFrom('samples' as const, 'examples' as const),
  solver: fc.constantFrom('gram' as const, 'woodbury' as const),
  centred: fc.boolean(),
  offset: fc.constantFrom(0, 0.5, 3),
  seed: fc.nat(),
});

for (const engine of ENGINES) {
  test(`F is the matrix that the form says, in inverse, update and prediction (${engine})`, async (t) => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ size, counts, m, fisherScale, offset, seed, ...rest }) => {
        const centred = rest.centred && rest.solver === 'gram';
        const random = seeded(seed);
        const parameter = randomParameter('w', [1, size], random);
        const batches = counts.map((count) =>
          randomArray(count * size, random).map((g) => g + offset),
        );
        const rows = rowsOf(batches, size);
        const f = denseFisher(rows, fisherScale === 'examples' ? m : 1, centred);
        const p = inverse(f);
        await using fisher = await BlockFisher.create({
          ...{ parameters: [parameter], engine, solver: rest.solver, samples: rows.length },
          ...{ examplesPerSample: m, fisherScale, centred, blockSize: size, damping: LAMBDA },
        });
        for (const w of batches) await fisher.add({ w });
        const found = await fisher.invert();
        const diagonal = (await found.diagonal()).w;
        t.true(
          close(
            diagonal,
            p.map((row, i) => row[i]),
            1e-8,
          ),
        );
        const x = randomArray(size, random);
        t.true(close((await found.multiply({ w: x })).w, multiply(p, [...x]), 1e-8));
        const masks = await found.select({ sparsity: 0.5 });
        const after = await found.update({ masks });
        const delta = parameter.data.map((w, i) => after.weights.w[i] - w);
        const change = after.predictedLossChange.w;
        t.true(close([change.quadratic], [quadraticForm(f, [...delta]) / 2], 1e-4));
        const mean = rows[0].map((_, c) => rows.reduce((s, row) => s + row[c], 0) / rows.length);
        const linear = mean.reduce((sum, g, i) => sum + g * delta[i], 0);
        t.true(Math.abs(change.linear - linear) <= 1e-5 * (1 + Math.abs(linear)));
      }),
      { numRuns: 40 },
    );
  });

  test(`centring takes the mean out of ranking, statistics and traces too (${engine})`, async (t) => {
    const random = seeded(5);
    const parameters = [randomParameter('w', [6, 8], random)];
    const [{ w }] = randomBatches(parameters, [32], random);
    const mean = Array.from({ length: 48 }, (_, c) =>
      rowsOf([w], 48).reduce((sum, row) => sum + row[c] / 32, 0),
    );
    const shifted = w.map((g, i) => g - mean[i % 48]);
    const settings = { parameters, engine, sparsity: 0.5, damping: LAMBDA, blockSize: 12 };
    for (const criterion of ['woodfisher', 'diagonal-fisher'] as const) {
      const run = { ...settings, criterion, solver: 'gram' } as const;
      const centred = await prune({ ...run, gradients: [{ w }], centred: true });
      const expected = await prune({ ...run, gradients: [{ w: shifted }] });
      t.deepEqual(centred.parameters[0].mask, expected.parameters[0].mask);
      const [a, b] = [centred, expected].map(({ statistics }) => statistics.parameters[0]);
      t.true(close([a.fisherTrace ?? 0], [b.fisherTrace ?? 1], 1e-5));
      t.true(close([a.condition ?? 0], [b.condition ?? 0], 1e-4));
      t.deepEqual(centred.statistics.fisher, {
        examplesPerSample: 1,
        fisherScale: 'samples',
        centred: true,
      });
    }
  });

  test(`a centred Fisher takes samples after an inverse, and is saved and merged (${engine})`, async (t) => {
    const file = join(await temporaryFolder(t), 'state');
    const random = seeded(6);
    const parameters = [randomParameter('w', [6, 8], random), randomParameter('v', [3, 5], random)];
    const batches = randomBatches(parameters, [9, 14, 5], random).map(({ w, v }) => ({
      w: w.map((g) => g + 2),
      v,
    }));
    const options = { parameters, engine, blockSize: 13, solver: 'gram', damping: LAMBDA } as const;
    const of = async (some: typeof batches, more: Partial<BlockFisherOptions> = {}) => {
      const fisher = await BlockFisher.create({ ...options, centred: true, ...more });
      for (const batch of some) await fisher.add(batch);
      return fisher;
    };
    const diagonal = async (fisher: BlockFisher) =>
      (await fisher.invert({ damping: LAMBDA })).diagonal();
    await using whole = await of(batches);
    const expected = await diagonal(whole);

    await using stepwise = await of(batches.slice(0, 1));
    await Promise.all([diagonal(stepwise), diagonal(stepwise)]);
    await stepwise.add(batches[1]);
    await stepwise.invert();
    await stepwise.add(batches[2]);
    t.true(close((await diagonal(stepwise)).w, expected.w, 1e-11));

    await whole.save(file);
    await using loaded = await BlockFisher.load(file, { engine });
    t.deepEqual(await diagonal(loaded), expected);
    await using plain = await of(batches, { centred: false });
    await using uncentred = await BlockFisher.load(file, { engine, centred: false });
    t.true(close((await diagonal(uncentred)).w, (await diagonal(plain)).w, 1e-11));

    await using first = await of(batches.slice(0, 1));
    await using rest = await of(batches.slice(1), { centred: false });
    await first.invert();
    await rest.invert();
    await using merged = await BlockFisher.merge([first, rest], { engine });
    t.true(close((await diagonal(merged)).w, expected.w, 1e-11));
    t.true(close((await diagonal(merged)).v, expected.v, 1e-11));
  });
}

test('samples of m examples on the scale of examples: masks and updates of λ/m, losses m times', async (t) => {
  const random = seeded(7);
  const parameters = [randomParameter('w', [9, 11], random)];
  const gradients = randomBatches(parameters, [40], random);
  const run = { parameters, gradients, sparsity: 0.6, blockSize: 20, solver: 'gram' } as const;
  const form = { examplesPerSample: 16, fisherScale: 'examples', damping: 1e-2 } as const;
  const examples = await prune({ ...run, ...form });
  const samples = await prune({ ...run, damping: 1e-2 / 16, examplesPerSample: 16 });
  t.deepEqual(examples.parameters, samples.parameters);
  const [a, b] = [examples, samples].map(({ statistics }) => statistics.predictedLossChange);
  t.true(Math.abs((a?.quadratic ?? 0) / (16 * (b?.quadratic ?? 1)) - 1) < 1e-12);
  t.is(a?.linear, b?.linear);
});

test('over all splits into means of m, m times the Fisher is that of the examples and the mean term', async (t) => {
  const file = join(await temporaryFolder(t), 'state');
  const random = seeded(8);
  const [size, n, m] = [5, 6, 3];
  const parameters = [randomParameter('w', [1, size], random)];
  const examples = rowsOf([randomArray(n * size, random).map((g) => Math.round(8 * g) / 8)], size);
  const splits: number[][][] = [];
  for (let a = 1; a < n; a++) {
    for (let b = a + 1; b < n; b++) {
      const first = [0, a, b];
      splits.push([first, [...examples.keys()].filter((i) => !first.includes(i))]);
    }
  }
  const average = new Float64Array((size * (size + 1)) / 2);
  for (const split of splits) {
    const means = split.map((group) =>
      examples[0].map((_, c) => group.reduce((sum, i) => sum + examples[i][c], 0) / m),
    );
    await using fisher = await BlockFisher.create({ parameters, examplesPerSample: m });
    await fisher.add({ w: Float32Array.from(means.flat()) });
    await fisher.save(file);
    await using saved = await openSafetensors(file);
    const triangle = new Float64Array((await saved.readBytes('triangles:w')).buffer);
    for (const [i, s] of triangle.entries()) average[i] += (m * s) / 2 / splits.length;
  }
  let at = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++, at++) {
      const f = examples.reduce((sum, g) => sum + g[i] * g[j], 0) / n;
      const mean = [i, j].map((c) => examples.reduce((sum, g) => sum + g[c], 0) / n);
      // Pairs of different examples, drawn without replacement.
      const pairs = (n * mean[0] * mean[1] - f) / (n - 1);
      t.true(Math.abs(average[at] - (f + (m - 1) * pairs)) < 1e-6);
    }
  }
});

test('forms that are none, or not of this solver, are refused with the reason', async (t) => {
  const random = seeded(9);
  const parameters = [randomParameter('w', [10, 10], random)];
  const known = { parameters, samples: 5, damping: 1 };
  const refused = async (options: object, message: RegExp): Promise<void> => {
    await t.throwsAsync(BlockFisher.create({ ...known, ...options }), {
      code: 'ERR_WOODFISHER_OPTION',
      message,
    });
  };
  await refused({ examplesPerSample: 0 }, /examplesPerSample must be a whole number of at least 1/);
  await refused({ fisherScale: 'batch' }, /fisherScale must be one of samples, examples/);
  await refused({ centred: 1 }, /centred must be true or false, but is 1/);
  await refused({ centred: true, solver: 'woodbury' }, /centred Fisher needs solver "gram": "wood/);
  await refused({ centred: true, solver: 'dual' }, /"dual" keeps the samples as float32/);
  const scaled = { fisherScale: 'examples', examplesPerSample: 4 };
  await refused({ ...scaled, solver: 'dual' }, /fisherScale "examples" needs solver "gram"/);
  await using auto = await BlockFisher.create({ ...known, ...scaled } as BlockFisherOptions);
  t.is(auto.solver.name, 'gram');
  t.regex(auto.solver.reason, /fisherScale "examples" needs sums/);
  await using plain = await BlockFisher.create(known);
  t.is(plain.solver.name, 'dual');
});

test('an inverse is saved with its scale, and no other can be had from it', async (t) => {
  const file = join(await temporaryFolder(t), 'state');
  const random = seeded(10);
  const parameters = [randomParameter('w', [4, 6], random)];
  const [batch] = randomBatches(parameters, [7], random);
  await using fisher = await BlockFisher.create({
    ...{ parameters, solver: 'woodbury', samples: 7, damping: 1e-2 },
    ...{ examplesPerSample: 8, fisherScale: 'examples' },
  });
  await fisher.add(batch);
  await fisher.save(file);
  await using loaded = await BlockFisher.load(file);
  t.deepEqual(await (await loaded.invert()).diagonal(), await (await fisher.invert()).diagonal());
  await t.throwsAsync(BlockFisher.load(file, { fisherScale: 'samples' }), {
    message: /made with fisherScale "examples"; another one needs solver "gram"/,
  });
});

import { join } from 'node:path';
import test from 'ava';
import { BlockFisher, type NamedSet, prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { randomBatches, randomParameter, seeded } from '../random.js';

const random = seeded(83);
const mask = Uint8Array.from({ length: 96 }, (_, i) => (i % 7 === 0 ? 0 : 1));
const parameters = [
  { ...randomParameter('a', [8, 12], random), mask },
  randomParameter('b', [6, 10], random),
];
const gradients = randomBatches(parameters, [40], random);
const known = { parameters, blockSize: 10, damping: 1e-3 } as const;
const sets: NamedSet[] = [
  { name: 'first', members: { a: [1, 2, 3], b: [0, 59] } },
  { name: 'second', members: { b: [7, 8] } },
];

const PATTERNS = [
  { pattern: '1x4', sparsity: 0.5 },
  { pattern: '1x3', patternAxis: 'out', sparsity: 0.5 },
  { pattern: '2:4' },
  { pattern: '1:2', patternAxis: 'out' },
  { pattern: 'rows', sparsity: 0.4 },
  { pattern: 'columns', sparsity: 0.4 },
  { pattern: { sets }, sparsity: 0.1 },
] as const;

for (const engine of ENGINES) {
  test(`a Fisher cut for a pattern is saved and loaded with it (${engine})`, async (t) => {
    const file = join(await temporaryFolder(t), 'state');
    for (const asked of PATTERNS) {
      const { pattern, ...rest } = asked;
      const saved = { ...known, ...asked, engine, solver: 'gram' } as const;
      const expected = await prune({ ...saved, gradients, saveFisher: file });
      const loaded = await prune({ parameters, damping: 1e-3, ...asked, engine, fisher: file });
      t.deepEqual(loaded.parameters, expected.parameters, String(pattern));
      await using fisher = await BlockFisher.load(file, {
        engine,
        ...(typeof pattern === 'string' ? {} : { pattern }),
      });
      const { patternAxis: _, ...budgets } = rest as { sparsity?: number; patternAxis?: string };
      const masks = await (await fisher.invert({ damping: 1e-3 })).select(budgets);
      t.deepEqual(masks.b, expected.parameters[1].mask, String(pattern));
    }
  });

  test(`groups follow the scale of the Fisher (${engine})`, async (t) => {
    const scaled = gradients.map((batch) =>
      Object.fromEntries(Object.entries(batch).map(([name, g]) => [name, g.map((v) => 2 * v)])),
    );
    for (const asked of PATTERNS) {
      const run = { ...known, ...asked, engine };
      const inSamples = await prune({ ...run, gradients: scaled });
      const inExamples = await prune({
        ...run,
        ...{ gradients, examplesPerSample: 4, fisherScale: 'examples' },
      });
      for (const [i, { mask: kept }] of inSamples.parameters.entries()) {
        t.deepEqual(inExamples.parameters[i].mask, kept);
      }
    }
  });

  test(`a sweep of dampings is of the pattern (${engine})`, async (t) => {
    for (const asked of PATTERNS) {
      const run = { ...known, ...asked, engine, gradients };
      const { statistics } = await prune({ ...run, dampingSweep: [1e-3, 1e-1] });
      const [first, second] = statistics.dampingSweep ?? [];
      t.is(first.quadratic, statistics.predictedLossChange?.quadratic ?? Number.NaN);
      const other = await prune({ ...run, damping: 1e-1 });
      t.is(second.quadratic, other.statistics.predictedLossChange?.quadratic ?? Number.NaN);
    }
  });
}

test('a Fisher whose blocks a pattern would cut elsewhere is refused, with both patterns', async (t) => {
  const file = join(await temporaryFolder(t), 'state');
  await prune({ ...known, pattern: '1x4', sparsity: 0.5, gradients, saveFisher: file });
  const message = /was cut into blocks for pattern "1x4" along patternAxis in, and pattern "1x3"/;
  await t.throwsAsync(
    prune({ parameters, pattern: '1x3', sparsity: 0.5, fisher: file, damping: 1e-3 }),
    { code: 'ERR_WOODFISHER_STATE', message },
  );
  await t.throwsAsync(BlockFisher.load(file, { pattern: '1x3' }), { message });
  await t.throwsAsync(BlockFisher.load(file, { pattern: '1x4', patternAxis: 'out' }), {
    code: 'ERR_WOODFISHER_STATE',
  });
});

import { join } from 'node:path';
import test from 'ava';
import { ENGINES } from '../engines.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { seeded } from '../random.js';
import { compare } from './compare.js';
import { type Asked, type ProblemSettings, planOf, writeProblem } from './problem.js';
import { sameInSlabs } from './same-in-slabs.js';

const COMMON: Asked = {
  ...{ blockSize: 10, damping: 1e-3, threads: 2, gradientBatch: 4, statistics: 'basic' },
};

/** Rows that are full of groups of 2 and 4, and a convolution with fewer inputs than 4. */
const FULL: ProblemSettings = {
  shapes: [
    [12, 16],
    [4, 2, 2],
    [8, 24],
  ],
  counts: [5, 1, 7],
  weights: 'BF16',
  gradients: 'F32',
  outputAxis: 0,
};

const METHODS: Readonly<Record<string, Partial<Asked>>> = {
  '2:4': { pattern: '2:4' },
  '1:2 of blocks that hold more': { pattern: '1:2', blockSize: 7 },
  '2:4 along the outputs': { pattern: '2:4', patternAxis: 'out' },
  '2:4 with the gradient': { pattern: '2:4', firstOrder: { step: 0.2 } },
  '2:4 by magnitude': { pattern: '2:4', criterion: 'magnitude' },
  '2:4 by diagonal Fisher, without an update': {
    ...{ pattern: '2:4', criterion: 'diagonal-fisher', update: 'none' },
  },
  '2:4 of what was pruned before': { pattern: '2:4', zerosArePruned: true },
  '2:4 with relative damping': { pattern: '2:4', damping: { relative: 0.1, over: 'model' } },
  '2:4 by the dual solver': { pattern: '2:4', solver: 'dual', blockSize: 40 },
  '1x2': { pattern: '1x2', sparsity: 0.6 },
  '1x4 with an independent update': { pattern: '1x4', sparsity: 0.6, update: 'independent' },
  '1x2 along the outputs': { pattern: '1x2', patternAxis: 'out', sparsity: 0.5 },
  '1x2 by layer': { pattern: '1x2', sparsity: 0.5, scope: 'layer' },
  '1x2 of what was pruned before': { pattern: '1x2', sparsity: 0.8, zerosArePruned: true },
  '1x2 with floors and ceilings': {
    ...{ pattern: '1x2', sparsity: 0.6, minSparsity: 0.4, maxSparsity: { w0: 0.7 } },
  },
  '1x2 to a number of FLOPs': { pattern: '1x2', targetFlops: 0.5, cost: { w2: 9 }, costPower: 1 },
  '1x2 at random': { pattern: '1x2', sparsity: 0.5, criterion: 'random', seed: 3 },
};

sameInSlabs(METHODS, COMMON, FULL, 0.05);

for (const engine of ENGINES) {
  for (const outputAxis of [0, -1] as const) {
    test(`rows with weights beside their groups go as a whole: axis ${outputAxis} (${engine})`, async (t) => {
      const folder = await temporaryFolder(t);
      const shapes = [
        [6, 10],
        [5, 8],
        [10, 5],
      ];
      const made = { ...FULL, shapes, outputAxis };
      await using problem = await writeProblem(folder, made, seeded(4));
      for (const pattern of ['2:4', '1x4'] as const) {
        const sparsity = pattern === '2:4' ? undefined : 0.5;
        const asked = { ...COMMON, pattern, sparsity, engine };
        const slabs = await compare(t, problem, asked, 0, join(folder, pattern.replace(':', '-')));
        t.true(slabs >= 2, `${slabs} slabs`);
      }
    });
  }
}

test('n:m takes the gradients once, and a threshold twice', async (t) => {
  const folder = await temporaryFolder(t);
  await using problem = await writeProblem(folder, FULL, seeded(5));
  t.is(planOf(problem, { ...COMMON, pattern: '2:4' }, 0).passes, 1);
  t.is(planOf(problem, { ...COMMON, pattern: '1x4', sparsity: 0.5 }, 0).passes, 2);
});

test('patterns that do not fit are refused before anything is read', async (t) => {
  const folder = await temporaryFolder(t);
  await using problem = await writeProblem(folder, FULL, seeded(6));
  t.throws(() => planOf(problem, { ...COMMON, pattern: '4:16', blockSize: 15 }, 0), {
    message: /blockSize must be at least 16 for pattern 4:16/,
  });
  t.throws(() => planOf(problem, { ...COMMON, pattern: '1x25', sparsity: 0.5 }, 0), {
    message: /pattern 1x25 finds no whole group in any parameter/,
  });
});

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { ENGINES } from '../engines.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { seeded } from '../random.js';
import { compare } from './compare.js';
import { type Asked, type ProblemSettings, writeProblem } from './problem.js';
import { sameInSlabs } from './same-in-slabs.js';

const COMMON: Asked = {
  ...{
    sparsity: 0.6,
    blockSize: 7,
    damping: 1e-3,
    threads: 2,
    gradientBatch: 4,
    statistics: 'basic',
  },
};

const METHODS: Readonly<Record<string, Partial<Asked>>> = {
  'joint update': {},
  'independent update by layer': { update: 'independent', scope: 'layer' },
  'no update by diagonal Fisher': { criterion: 'diagonal-fisher', update: 'none' },
  woodbury: { solver: 'woodbury' },
  dual: { solver: 'dual', blockSize: 40 },
  greedy: { selection: 'greedy' },
  'floors and ceilings': { minSparsity: 0.4, maxSparsity: { w0: 0.7 } },
  'sparsities by parameter': { sparsity: { w0: 0.5, w2: 0.9 } },
  'floors by parameter, and FLOPs': {
    ...{ sparsity: 0.5, minSparsity: { w1: 0.8 }, targetFlops: 0.6, cost: { w0: 3 } },
  },
  FLOPs: { sparsity: undefined, targetFlops: 0.5, cost: { w1: 9 } },
  'relative damping of parameters': { damping: { relative: 0.1 } },
  'relative damping of the model': { damping: { relative: 0.1, over: 'model' } },
  'centred, with the gradient': { centred: true, firstOrder: { step: 0.3 } },
  'on the scale of examples': { examplesPerSample: 3, fisherScale: 'examples', solver: 'gram' },
  'at random': { criterion: 'random', seed: 7, update: 'joint' },
  'what was pruned before': { zerosArePruned: true, sparsity: 0.8 },
};

const SETTINGS: ProblemSettings = {
  shapes: [
    [9, 14],
    [5, 3, 2],
    [4, 30],
  ],
  counts: [5, 1, 7],
  weights: 'F32',
  gradients: 'F32',
  outputAxis: 0,
};

sameInSlabs(METHODS, COMMON, SETTINGS, 0.1);

test('and for any shapes, dtypes, gradient files, blocks and slabs', async (t) => {
  const folder = await temporaryFolder(t);
  let run = 0;
  const axes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 4 });
  const dtype = fc.constantFrom<'F32' | 'F16' | 'BF16' | 'F64'>('F32', 'F16', 'BF16', 'F64');
  const settings = fc.record<ProblemSettings>({
    shapes: fc.array(axes, { minLength: 1, maxLength: 4 }),
    counts: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 }),
    weights: dtype,
    gradients: dtype,
    outputAxis: fc.constantFrom(0, -1),
  });
  await fc.assert(
    fc.asyncProperty(
      settings,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 8 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (made, blockSize, gradientBatch, sparsity, share) => {
        const own = join(folder, `${run++}`);
        await mkdir(own);
        await using problem = await writeProblem(own, made, seeded(run));
        const asked = {
          ...{ ...COMMON, blockSize, gradientBatch, sparsity },
          engine: ENGINES[run % ENGINES.length],
        };
        await compare(t, problem, asked, share, join(own, 'work'));
      },
    ),
    { numRuns: 25, seed: 5 },
  );
});

test('scores that are all equal are cut by their index, over slabs that interleave', async (t) => {
  const folder = await temporaryFolder(t);
  const made: ProblemSettings = { ...SETTINGS, shapes: [[6, 10]], outputAxis: -1 };
  await using problem = await writeProblem(folder, made, () => 0.75);
  const asked: Asked = { ...COMMON, criterion: 'magnitude', update: 'joint', sparsity: 0.35 };
  const slabs = await compare(
    t,
    problem,
    { ...asked, engine: ENGINES[ENGINES.length - 1] },
    0,
    join(folder, 'work'),
  );
  t.is(slabs, Math.ceil(60 / 7));
});

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { chooseEngine } from '../../src/engine/engine.js';
import { type GradientFiles, openGradients } from '../../src/files/gradient-files.js';
import type { PrunedTensor } from '../../src/files/pruned-model.js';
import { writeSafetensors } from '../../src/formats/safetensors/writer.js';
import { type Parameter, type PruneResult, prune } from '../../src/index.js';
import { checkSettings } from '../../src/prune-options.js';
import { SlabRecords } from '../../src/slabs/slab-records.js';
import type { SlabRunResult } from '../../src/slabs/slab-run.js';
import { pruneStepsInSlabs, type StepSource } from '../../src/slabs/steps-in-slabs.js';
import { ENGINES } from '../engines.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { randomArray, seeded } from '../random.js';
import {
  type Asked,
  type Problem,
  type ProblemSettings,
  planOf,
  resultsOf,
  writeProblem,
} from './problem.js';

const SAMPLES = 9;

const SETTINGS: ProblemSettings = {
  shapes: [
    [9, 14],
    [5, 3, 2],
    [4, 30],
  ],
  counts: [SAMPLES],
  weights: 'F32',
  gradients: 'F32',
  outputAxis: 0,
};

const COMMON = {
  ...{ sparsity: 0.7, blockSize: 7, damping: 1e-2, threads: 2, gradientBatch: 4, steps: 3 },
  ...{ schedule: 'linear', statistics: 'basic' },
} as const satisfies Asked;

interface Named {
  name: string;
  data: Float32Array;
}

/** Gradient samples that depend on the weights and on the step. */
function gradientsAt(step: number, weights: readonly Named[]): Record<string, Float32Array> {
  const random = seeded(100 + step);
  return Object.fromEntries(
    weights.map(({ name, data }): [string, Float32Array] => {
      const noise = randomArray(SAMPLES * data.length, random);
      return [name, noise.map((g, i) => g + data[i % data.length])];
    }),
  );
}

/** Least at 0.9 times random weights, so that a search finds a step between 0 and 1. */
function lossAt(weights: readonly Named[]): number {
  const random = seeded(7);
  return weights.reduce((sum, { data }) => {
    const best = randomArray(data.length, random);
    return sum + data.reduce((loss, w, i) => loss + (w - best[i]) ** 2, 0);
  }, 0);
}

async function inMemory({ model, outputAxis }: Problem, asked: Asked): Promise<PruneResult> {
  const parameters: Parameter[] = [];
  for (const { name, shape } of model.tensors.values()) {
    parameters.push({ name, shape, outputAxis, prunable: true, data: await model.read(name) });
  }
  return await prune({
    ...asked,
    ...{ parameters, samples: SAMPLES },
    gradients: ({ index, parameters: now }) => inBatches(gradientsAt(index, now), asked),
  });
}

function inBatches(
  gradients: Record<string, Float32Array>,
  { gradientBatch }: Asked,
): Record<string, Float32Array>[] {
  const count = Math.ceil(SAMPLES / gradientBatch);
  return Array.from({ length: count }, (_, b) =>
    Object.fromEntries(
      Object.entries(gradients).map(([name, values]) => {
        const size = (gradientBatch * values.length) / SAMPLES;
        return [name, values.subarray(b * size, (b + 1) * size)];
      }),
    ),
  );
}

async function weightsOf(tensors: readonly PrunedTensor[]): Promise<Named[]> {
  const all: Named[] = [];
  for (const { name, pieces } of tensors) {
    const data: number[] = [];
    for await (const piece of pieces()) data.push(...piece.data);
    all.push({ name, data: Float32Array.from(data) });
  }
  return all;
}

/** Gradients in files, and losses; `before` may fail in their place. */
function sourceIn(
  folder: string,
  { model }: Problem,
  asked: Asked,
  before: () => void,
): StepSource {
  let open: GradientFiles | undefined;
  return {
    async gradients(index, tensors) {
      before();
      const path = join(folder, `${index}.safetensors`);
      const gradients = gradientsAt(index, await weightsOf(tensors));
      await writeSafetensors(
        path,
        tensors.map(({ name, shape }) => ({
          ...{ name, dtype: 'F32', shape: [SAMPLES, ...shape], data: gradients[name] },
        })),
      );
      open = await openGradients([path], model);
      return open.match(model, [...model.tensors.values()], []);
    },
    async close() {
      await open?.[Symbol.asyncDispose]();
    },
    loss:
      asked.loss &&
      (async (tensors) => {
        before();
        return lossAt(await weightsOf(tensors));
      }),
  };
}

async function inSlabs(
  folder: string,
  problem: Problem,
  asked: Asked,
  { share, before = () => undefined }: { share: number; before?: () => void },
): Promise<{ result: SlabRunResult; slabs: number }> {
  const settings = checkSettings({ ...asked, parameters: [], gradients: () => [] });
  const plan = planOf(problem, asked, share);
  const source = sourceIn(folder, problem, asked, before);
  try {
    const result = await pruneStepsInSlabs(
      {
        ...{ plan, settings, others: [], engine: chooseEngine(asked.engine) },
        records: new SlabRecords(folder, { durable: false }),
        input: { model: problem.model, zerosArePruned: settings.zerosArePruned },
      },
      source,
    );
    return { result, slabs: plan.slabs.length };
  } finally {
    await source.close();
  }
}

async function requireSame(
  t: ExecutionContext,
  found: SlabRunResult,
  expected: PruneResult,
): Promise<void> {
  for (const [i, { name, data, mask }] of (await resultsOf(found)).entries()) {
    t.is(name, expected.parameters[i].name);
    t.deepEqual(data, [...expected.parameters[i].data]);
    t.deepEqual(mask, [...expected.parameters[i].mask]);
  }
  t.deepEqual({ ...found.statistics, phases: [] }, { ...expected.statistics, phases: [] });
}

const loss = (now: readonly Named[]): number => lossAt(now);

const METHODS: Readonly<Record<string, Partial<Asked>>> = {
  'without a loss': {},
  'with the loss measured': { loss },
  'a step along the gradient': { loss, firstOrder: { step: 0.3 } },
  'a line search': { loss, firstOrder: { step: 'line-search' } },
  'a line search by the relative damping of the model': {
    ...{ loss, firstOrder: { step: 'line-search' }, selection: 'greedy' },
    damping: { relative: 0.1, over: 'model' },
  },
  'what was pruned before, floors and layers': {
    ...{ zerosArePruned: true, scope: 'layer', update: 'independent', sparsity: 0.8 },
  },
  FLOPs: { sparsity: undefined, targetFlops: 0.5, cost: { w1: 9 } },
  'one step': { steps: 1, schedule: undefined, loss, firstOrder: { step: 'line-search' } },
};

for (const engine of ENGINES) {
  for (const [title, method] of Object.entries(METHODS)) {
    test(`steps in slabs give what they give in memory: ${title} (${engine})`, async (t) => {
      const folder = await temporaryFolder(t);
      for (const outputAxis of [0, -1] as const) {
        const own = join(folder, `axis${outputAxis}`);
        await mkdir(own);
        await using problem = await writeProblem(own, { ...SETTINGS, outputAxis }, seeded(3));
        const asked: Asked = { ...COMMON, ...method, engine };
        const { result, slabs } = await inSlabs(own, problem, asked, { share: 0.1 });
        t.true(slabs > 2, `${slabs} slabs`);
        await requireSame(t, result, await inMemory(problem, asked));
      }
    });
  }
}

test('a run that fails, in whatever gradients or loss, goes on and gives the same', async (t) => {
  const folder = await temporaryFolder(t);
  await using problem = await writeProblem(folder, SETTINGS, seeded(3));
  const engine = ENGINES[ENGINES.length - 1];
  const asked: Asked = { ...COMMON, loss, firstOrder: { step: 'line-search' }, engine };
  const expected = await inMemory(problem, asked);
  let failures = 0;
  for (let calls = 1; ; calls += 4) {
    let left = calls;
    const before = (): void => {
      if (left-- === 0) throw new Error('cut off');
    };
    try {
      const { result } = await inSlabs(folder, problem, asked, { share: 0.1, before });
      await requireSame(t, result, expected);
      break;
    } catch (error) {
      t.is((error as Error).message, 'cut off');
      failures++;
    }
  }
  t.true(failures > 1);
});

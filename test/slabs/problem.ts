import { join } from 'node:path';
import { chooseEngine, type EngineName } from '../../src/engine/engine.js';
import { gradientBatches } from '../../src/files/gradient-batches.js';
import { type MatchedGradients, openGradients } from '../../src/files/gradient-files.js';
import { wholeRegion } from '../../src/files/region.js';
import type { FloatDtype } from '../../src/formats/dtypes.js';
import { type ModelFiles, openModelFiles } from '../../src/formats/safetensors/model-files.js';
import { writeSafetensors } from '../../src/formats/safetensors/writer.js';
import { type Parameter, type PruneOptions, type PruneResult, prune } from '../../src/index.js';
import { checkSettings, runSettings } from '../../src/prune-options.js';
import { leastSlabBytes } from '../../src/slabs/cut-slabs.js';
import { pruneInSlabs } from '../../src/slabs/prune-slabs.js';
import { slabMeter } from '../../src/slabs/slab-memory.js';
import { planSlabs, type SlabPlan } from '../../src/slabs/slab-plan.js';
import { SlabRecords } from '../../src/slabs/slab-records.js';
import type { SlabRunResult } from '../../src/slabs/slab-run.js';
import { randomArray } from '../random.js';

/** A model and its gradients in files. */
export interface Problem extends AsyncDisposable {
  model: ModelFiles;
  gradients: MatchedGradients;
  outputAxis: number;
}

/** What a problem is made of. */
export interface ProblemSettings {
  shapes: readonly (readonly number[])[];
  /** Samples of each gradient file. */
  counts: readonly number[];
  weights: FloatDtype;
  gradients: FloatDtype;
  outputAxis: 0 | -1;
}

/** Writes a problem into a folder and opens it. Some weights are equal, and some are 0. */
export async function writeProblem(
  folder: string,
  { shapes, counts, weights, gradients, outputAxis }: ProblemSettings,
  random: () => number,
): Promise<Problem> {
  const sizes = shapes.map((shape) => shape.reduce((a, b) => a * b, 1));
  const path = join(folder, 'model.safetensors');
  await writeSafetensors(
    path,
    shapes.map((shape, i) => {
      const data = randomArray(sizes[i], random).map((w) => Math.round(8 * w) / 8);
      return { name: `w${i}`, dtype: weights, shape: [...shape], data };
    }),
  );
  const files = counts.map((_, f) => join(folder, `g${f}.safetensors`));
  for (const [f, count] of counts.entries()) {
    await writeSafetensors(
      files[f],
      shapes.map((shape, i) => ({
        ...{ name: `w${i}`, dtype: gradients, shape: [count, ...shape] },
        data: randomArray(count * sizes[i], random, 0.5),
      })),
    );
  }
  const model = await openModelFiles(path);
  const sets = await openGradients([join(folder, 'g*.safetensors')], model);
  return {
    ...{ model, outputAxis },
    gradients: sets.match(model, [...model.tensors.values()], []),
    async [Symbol.asyncDispose]() {
      await Promise.all([model.close(), sets[Symbol.asyncDispose]()]);
    },
  };
}

/** Options of a run but for what the problem says. */
export type Asked = Omit<PruneOptions, 'parameters' | 'gradients'> & { gradientBatch: number };

/** Prunes a problem in memory. */
export async function inMemory(problem: Problem, asked: Asked): Promise<PruneResult> {
  const { model, gradients, outputAxis } = problem;
  const parameters: Parameter[] = [];
  for (const { name, shape } of model.tensors.values()) {
    parameters.push({ name, shape, outputAxis, prunable: true, data: await model.read(name) });
  }
  const columns = [...model.tensors.values()].map(({ name, size }) => ({
    name,
    region: wholeRegion(size),
  }));
  return await prune({
    ...asked,
    parameters,
    samples: gradients.samples,
    gradients: gradientBatches(gradients, columns, undefined, asked.gradientBatch),
  });
}

/** The plan of a run in slabs whose memory lies `share` of the way from one block to the whole model. */
export function planOf(problem: Problem, asked: Asked, share: number): SlabPlan {
  const { model, gradients, outputAxis } = problem;
  const parameters = [...model.tensors.values()].map(({ name, shape }) => ({
    ...{ name, shape, outputAxis, prunable: true },
  }));
  const settings = checkSettings({ ...asked, parameters: [], gradients: () => [] });
  const run = {
    ...runSettings({ solver: asked.solver, inPlace: true, parameters }, settings),
    ...{ samples: gradients.samples, gradientBatch: asked.gradientBatch },
  };
  const { run: planned } = planSlabs(run, Number.MAX_SAFE_INTEGER, 0);
  const { shapes, blockSize } = planned;
  const slices = shapes.map((shape, index) => ({
    ...{ index, shape, blockSize, fromBlock: 0, toBlock: shape.blockCount },
  }));
  const needsOf = slabMeter(planned);
  const least = leastSlabBytes(planned, needsOf);
  const most = needsOf(slices).total;
  const limit = least + share * (most - least);
  return planSlabs(run, Math.ceil((4 / 3) * limit), 0);
}

/** Prunes a problem a slab at a time. */
export async function inSlabs(
  problem: Problem,
  asked: Asked,
  plan: SlabPlan,
  folder: string,
  engine: EngineName,
): Promise<SlabRunResult> {
  const { model, gradients } = problem;
  const settings = checkSettings({ ...asked, parameters: [], gradients: [] });
  return await pruneInSlabs({
    ...{ plan, settings, gradients, others: [], engine: chooseEngine(engine) },
    records: new SlabRecords(folder, { durable: false }),
    input: { model, zerosArePruned: settings.zerosArePruned, signal: asked.signal },
  });
}

/** What became of each tensor, all of it. */
export async function resultsOf({
  tensors,
}: SlabRunResult): Promise<{ name: string; data: number[]; mask: number[] }[]> {
  const results = [];
  for (const { name, pieces } of tensors) {
    const data: number[] = [];
    const mask: number[] = [];
    for await (const piece of pieces()) {
      data.push(...piece.data);
      mask.push(...piece.mask);
    }
    results.push({ name, data, mask });
  }
  return results;
}

import { type ArrayBatch, gradientBatches } from '../files/gradient-batches.js';
import type { MatchedGradients } from '../files/gradient-files.js';
import { type PrunedTensor, prunedInMemory, weightsInMemory } from '../files/pruned-model.js';
import { readMasks } from '../files/read-masks.js';
import { readParameters } from '../files/read-parameters.js';
import { wholeRegion } from '../files/region.js';
import type { TensorSource } from '../formats/safetensors/writer.js';
import type { Parameter } from '../parameters.js';
import { pruneWithJournal } from '../prune.js';
import type { RunStatistics } from '../report/statistics.js';
import { doneSteps, keepStep, restoreStep } from '../slabs/saved-steps.js';
import type { SlabRecords } from '../slabs/slab-records.js';
import type { StepJournal } from '../step-journal.js';
import type { PrunedParameter } from '../steps/results.js';
import type { LossFunction } from '../updates/lent-model.js';
import { announceRun } from './announce-run.js';
import { gradientsAt, noteResumed } from './jobs/gradients-at.js';
import type { StepJobs } from './jobs/step-jobs.js';
import type { OpenedRun } from './open-run.js';
import type { Run } from './run.js';

/** What a run has made, ready to be written. */
export interface Pruned {
  tensors: PrunedTensor[];
  /** Where they were asked for. */
  scores?: TensorSource[];
  statistics: RunStatistics;
  /** Seconds of reading the model. */
  load: number;
}

/** How a model is pruned in memory. */
export interface WholeRun {
  maskIn: string | undefined;
  gradientBatch: number | undefined;
  records: SlabRecords;
  /** Absent: all gradients are there, and no loss is measured. */
  jobs: StepJobs | undefined;
}

/** Prunes with all of the model in memory. */
export async function pruneWhole(
  opened: OpenedRun,
  { maskIn, gradientBatch, records, jobs }: WholeRun,
  { reporter, signal }: Run,
): Promise<Pruned> {
  const { options, settings, engine, model, gradients, prunable, run, outputAxis } = opened;
  const { event, facts, words } = await announceRun(
    { ...run, gradientBatch },
    settings.memory,
    engine,
  );
  reporter.note(event, facts, words);
  const beforeLoad = performance.now();
  const loaded = (done: number): void =>
    reporter.progress({ phase: 'load', done, total: prunable.length, unit: 'tensors' });
  loaded(0);
  const parameters = await readParameters(model, prunable, { outputAxis, signal, onRead: loaded });
  const done = await doneSteps(records);
  if (done !== undefined) {
    await restoreStep(records, done, withMasks(parameters));
    noteResumed(reporter, done.count, settings.steps);
  } else if (maskIn !== undefined) {
    await readMasks(maskIn, model, parameters);
  }
  const load = (performance.now() - beforeLoad) / 1000;
  const samples = jobs?.takesGradients ? options.samples : gradients?.samples;
  if (samples !== undefined) {
    reporter.progress({ phase: 'accumulate', done: 0, total: samples, unit: 'samples' });
  }
  const columns = prunable.map(({ name, size }) => ({ name, region: wholeRegion(size) }));
  const batches = (files: MatchedGradients): AsyncGenerator<ArrayBatch> =>
    gradientBatches(files, columns, signal, gradientBatch);
  const stepBatches = async (index: number, now: readonly PrunedParameter[]) => {
    const files = jobs && (await gradientsAt(jobs, index, now.map(prunedInMemory), gradients));
    return files === undefined ? [] : batches(files);
  };
  const journal = journalIn(records, done, jobs);
  const { parameters: pruned, statistics } = await pruneWithJournal(
    {
      ...options,
      parameters,
      gradients: jobs?.takesGradients
        ? ({ index, parameters: now }) => stepBatches(index, now)
        : gradients && batches(gradients),
      loss: options.loss && jobs && lossBy(jobs),
      samples,
      gradientBatch,
      // What was pruned is in the masks of the steps that are done.
      zerosArePruned: done === undefined && options.zerosArePruned,
      inPlace: true,
      signal,
      onProgress: (progress) => reporter.progress(progress),
    },
    journal,
  );
  const scores = pruned.flatMap(({ name, shape, scores: data }): TensorSource[] =>
    data === undefined ? [] : [{ name, dtype: 'F32', shape, data }],
  );
  return { tensors: pruned.map(prunedInMemory), scores, statistics, load };
}

function lossBy(jobs: StepJobs): LossFunction {
  return (parameters) => jobs.loss(parameters.map(weightsInMemory));
}

function journalIn(
  records: SlabRecords,
  done: StepJournal['done'],
  jobs: StepJobs | undefined,
): StepJournal {
  return {
    done,
    async finished(now, weights) {
      await jobs?.close();
      if (records.durable) await keepStep(records, now, await weights());
      else await records.dropStep(now.count - 1);
    },
  };
}

function withMasks(parameters: readonly Parameter[]): { data: Float32Array; mask: Uint8Array }[] {
  return parameters.map((parameter) => {
    const mask = new Uint8Array(parameter.data.length);
    parameter.mask = mask;
    return { data: parameter.data, mask };
  });
}

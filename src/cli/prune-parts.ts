import { checkMasks } from '../files/read-masks.js';
import { openSafetensors } from '../formats/safetensors/reader.js';
import { checkBudgetNames } from '../selection/budgets.js';
import { pruneInSlabs } from '../slabs/prune-slabs.js';
import type { SlabPlan } from '../slabs/slab-plan.js';
import type { SlabRecords } from '../slabs/slab-records.js';
import type { SlabRun } from '../slabs/slab-run.js';
import { pruneStepsInSlabs } from '../slabs/steps-in-slabs.js';
import { announceSlabs } from './announce-run.js';
import { gradientsAt, noteResumed } from './jobs/gradients-at.js';
import type { StepJobs } from './jobs/step-jobs.js';
import type { OpenedRun } from './open-run.js';
import type { Pruned } from './prune-whole.js';
import type { Run } from './run.js';

/** How a model is pruned a slab at a time. */
export interface PartsRun {
  maskIn: string | undefined;
  plan: SlabPlan;
  records: SlabRecords;
  /** Absent: all gradients are there, and no loss is measured. */
  jobs: StepJobs | undefined;
}

/** Prunes a slab of the model at a time. */
export async function pruneParts(
  { settings, engine, model, gradients, prunable, kept }: OpenedRun,
  { maskIn, plan, records, jobs }: PartsRun,
  { reporter, signal }: Run,
): Promise<Pruned> {
  await using masks = maskIn === undefined ? undefined : await openSafetensors(maskIn);
  if (masks !== undefined) checkMasks(masks, model, prunable);
  checkBudgetNames(
    settings.budgets,
    prunable.map(({ name }) => name),
  );
  const { event, facts, words } = await announceSlabs(plan, engine);
  reporter.note(event, facts, words);
  const slabRun: SlabRun = {
    ...{ plan, settings, engine, records, others: kept },
    input: { model, masks, zerosArePruned: settings.zerosArePruned, signal },
    onProgress: (progress) => reporter.progress(progress),
  };
  const result =
    jobs === undefined
      ? await pruneInSlabs({ ...slabRun, gradients })
      : await pruneStepsInSlabs(slabRun, {
          gradients: (index, before) => gradientsAt(jobs, index, before, gradients),
          close: () => jobs.close(),
          loss: settings.loss && ((some) => jobs.loss(some)),
          onResume: ({ count }) => noteResumed(reporter, count, settings.steps),
        });
  return { ...result, load: 0 };
}

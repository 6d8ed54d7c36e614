import type { ChosenEngine } from '../engine/engine.js';
import { batchSamples } from '../files/gradient-batches.js';
import { formatBytes } from '../memory/byte-size.js';
import type { MemoryBudget } from '../memory-refusal.js';
import { memoryOf } from '../plan/memory.js';
import { type PredictedSeconds, predictSeconds } from '../plan/predict.js';
import { isWorthMeasuring, measureRates } from '../plan/rates.js';
import { fitRun } from '../plan/require-memory.js';
import { planRun } from '../plan/run-plan.js';
import type { RunPlan, RunSettings } from '../plan/run-settings.js';
import type { SlabPlan } from '../slabs/slab-plan.js';
import { count, seconds } from './output/numbers.js';
import type { Facts } from './output/reporter.js';

/**
 * Samples in a batch of a gradients file: as many as usual, or what is left of it by halves until the
 * run fits its memory. Where nothing fits, what takes least.
 */
export function batchWithin(settings: RunSettings, { bytes, source }: MemoryBudget): number {
  const limit = source === 'memoryLimit' ? bytes : undefined;
  const { shapes } = planRun(settings, limit);
  const usual = batchSamples(shapes.reduce((sum, { modelSize }) => sum + modelSize, 0));
  let least = { batch: usual, total: Number.POSITIVE_INFINITY };
  for (let batch = usual; batch >= 1; batch = Math.floor(batch / 2)) {
    const { total } = memoryOf(planRun({ ...settings, gradientBatch: batch }, limit));
    if (total <= bytes) return batch;
    if (total < least.total) least = { batch, total };
  }
  return least.batch;
}

/** What is said of a run before it begins: as an event, and for people. */
export interface Announcement {
  event: string;
  facts: Facts;
  words: string;
}

/**
 * What a run is going to take, before anything large is read.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_MEMORY` when it does not fit.
 */
export async function announceRun(
  settings: RunSettings,
  budget: MemoryBudget,
  engine: ChosenEngine,
): Promise<Announcement> {
  const { plan, memory } = fitRun(settings, budget);
  const { afterSamples: _, ...bytes } = memory;
  const time = await secondsOf(plan, engine);
  const about =
    time === undefined ? '' : `, about ${seconds(time.total)} beside the reading${ofSteps(plan)}`;
  return {
    event: 'estimate',
    facts: { solver: plan.solver ?? null, bytes, seconds: time ?? null },
    words: `planned: ${formatBytes(bytes.total)} of memory${about}`,
  };
}

/** The same of a run in slabs. */
export async function announceSlabs(plan: SlabPlan, engine: ChosenEngine): Promise<Announcement> {
  const { run, slabs, gradientBatch, keepsState, passes, bytes } = plan;
  const { samples = null, solver = null } = run;
  const time = await secondsOf(run, engine);
  const again = keepsState ? 0 : Math.max(0, passes - 1);
  const total = time === undefined ? null : time.total + again * time.accumulate;
  const weights = run.shapes.reduce((sum, { size }) => sum + size, 0);
  const how = keepsState ? 'the Fisher kept on disk' : 'the Fisher made again in each pass';
  const reads =
    solver === null
      ? ''
      : `; ${solver.name}, ${how}, gradients read ${passes === 1 ? 'once' : `${passes} times`} (${formatBytes(bytes.gradients)} each)`;
  const about = total === null ? '' : `; about ${seconds(total)} beside the reading${ofSteps(run)}`;
  return {
    event: 'plan',
    facts: {
      ...{
        slabs: slabs.length,
        weights,
        solver,
        samples,
        gradientBatch,
        keepsState,
        passes,
        bytes,
      },
      seconds: total,
    },
    words: `planned: ${count(weights)} weights in ${count(slabs.length)} slab${slabs.length === 1 ? '' : 's'} of at most ${formatBytes(bytes.memory)} of ${formatBytes(bytes.budget)}${reads}; ${formatBytes(bytes.scratch)} on disk${about}`,
  };
}

/** Times are those of the first step; later ones take no more. */
function ofSteps({ steps = 1 }: RunPlan): string {
  return steps === 1 ? '' : ` and your commands, in each of ${steps} steps`;
}

async function secondsOf(
  plan: RunPlan,
  engine: ChosenEngine,
): Promise<PredictedSeconds | undefined> {
  const { samples, solver } = plan;
  if (samples === undefined || solver === undefined) return undefined;
  if (!isWorthMeasuring(engine, plan)) return undefined;
  return predictSeconds({ ...plan, samples }, await measureRates(engine, plan), 0);
}

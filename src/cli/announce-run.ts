import type { ChosenEngine } from '../engine/engine.js';
import { batchSamples } from '../files/gradient-batches.js';
import type { MemoryBudget } from '../memory/budget.js';
import { formatBytes } from '../memory/byte-size.js';
import { memoryOf } from '../plan/memory.js';
import { predictSeconds } from '../plan/predict.js';
import { isWorthMeasuring, measureRates } from '../plan/rates.js';
import { fitRun } from '../plan/require-memory.js';
import { planRun, type RunSettings } from '../plan/run-plan.js';
import { seconds } from './output/numbers.js';
import type { Reporter } from './output/reporter.js';

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

/**
 * Says what a run is going to take before anything large is read.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_MEMORY` when it does not fit.
 */
export async function announceRun(
  settings: RunSettings,
  budget: MemoryBudget,
  engine: ChosenEngine,
  reporter: Reporter,
): Promise<void> {
  const { plan, memory } = fitRun(settings, budget);
  const { afterSamples: _, ...bytes } = memory;
  const { solver, samples } = plan;
  const time =
    samples !== undefined && solver !== undefined && isWorthMeasuring(engine, plan)
      ? predictSeconds({ ...plan, samples }, await measureRates(engine, plan), 0)
      : undefined;
  const about = time === undefined ? '' : `, about ${seconds(time.total)} beside the reading`;
  reporter.note(
    'estimate',
    { solver: solver ?? null, bytes, seconds: time ?? null },
    `planned: ${formatBytes(bytes.total)} of memory${about}`,
  );
}

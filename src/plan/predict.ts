import { batchValues } from './memory.js';
import type { Rates } from './rates.js';
import { type RunPlan, USUAL_BATCH } from './run-settings.js';
import { workOf } from './work.js';

/** Seconds of the phases that take time. */
export interface PredictedSeconds {
  accumulate: number;
  invert: number;
  score: number;
  update: number;
  total: number;
}

/**
 * Time of a run by measured rates: a prediction that is mostly within a factor of 2, for reports.
 *
 * @param plan With N as it is known by now.
 * @param copied Values of the batches that have to be copied onto shared memory. Default: all.
 */
export function predictSeconds(
  plan: RunPlan & { samples: number },
  rates: Rates,
  copied = batchValues(plan, plan.samples),
): PredictedSeconds {
  if (plan.solver === undefined) return { accumulate: 0, invert: 0, score: 0, update: 0, total: 0 };
  const { samples, gradientBatch = USUAL_BATCH } = plan;
  const work = workOf(plan);
  const values = batchValues(plan, samples);
  const fresh = Math.min(copied, batchValues(plan, 2 * gradientBatch));
  const copy = fresh / rates.copyFresh + (copied - fresh) / rates.copy;
  // A few blocks do not keep all threads busy.
  const blocks = plan.shapes.reduce((sum, { blockCount }) => sum + blockCount, 0);
  const busy = Math.min(1, blocks / plan.threads);
  const accumulate = copy + values / rates.check + work.accumulate / rates.accumulate / busy;
  const invert = work.invert / rates.invert / busy;
  // A trace is made of the same steps as an inverse.
  const score = work.score / rates.invert / busy;
  const update = work.update / rates.update / busy;
  return { accumulate, invert, score, update, total: accumulate + invert + score + update };
}

import type { EstimatedFisher } from '../../fisher/estimate.js';
import { conditionsOf, residualsOf } from '../../report/summarise.js';
import type { ScoredStep } from '../../steps/pruning-step.js';
import type { LoadedSlice } from '../loaded-slice.js';
import { addTraces } from '../slab-damping.js';
import type { SlabRecord } from '../slab-records.js';
import { keepScores, keepWeightScores } from '../slab-scores.js';
import type { SlabWork } from '../slab-work.js';
import { prunedBeforeOf } from './load.js';

/** Keeps the scores of a slab, and tells what was found on the way to them. */
export async function scoredRecord(
  { context, run }: SlabWork,
  k: number,
  loaded: readonly LoadedSlice[],
  fisher: EstimatedFisher | undefined,
  { inverse, ranking }: ScoredStep,
  before: readonly SlabRecord[],
): Promise<SlabRecord> {
  const { records, settings, plan } = run;
  const { units, groups } = ranking;
  await keepScores(context, records, k, units, groups !== undefined);
  if (settings.scores) await keepWeightScores(context, records, k, ranking);
  return {
    prunedBefore: prunedBeforeOf(loaded),
    dense: groups?.dense,
    traces: await addTraces(plan, k, fisher, before),
    conditions: conditionsOf(inverse),
    residuals: residualsOf(inverse),
  };
}

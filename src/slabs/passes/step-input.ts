import type { EstimatedFisher } from '../../fisher/estimate.js';
import { sumOfChanges } from '../../report/step-history.js';
import type { StepInput } from '../../steps/pruning-step.js';
import type { PredictedLossChange } from '../../updates/apply.js';
import { lastBefore } from '../by-parameter.js';
import type { LoadedSlice } from '../loaded-slice.js';
import type { SlabRecord } from '../slab-records.js';
import type { SlabRun } from '../slab-run.js';

export const NO_CHANGE: PredictedLossChange = sumOfChanges([]);

/** A slab as a pruning step takes it. */
export function stepInput(
  { settings, step }: SlabRun,
  loaded: readonly LoadedSlice[],
  fisher: EstimatedFisher | undefined,
): StepInput {
  return {
    all: [],
    parameters: loaded.map(({ parameter }) => parameter),
    fisher,
    budgets: settings.budgets,
    stepBefore: step?.stepBefore,
    last: true,
  };
}

/** The same with what the update of the slabs before has changed. */
export function updatingInput(
  run: SlabRun,
  k: number,
  loaded: readonly LoadedSlice[],
  fisher: EstimatedFisher | undefined,
  before: readonly SlabRecord[],
): StepInput {
  const changesBefore = lastBefore(run.plan, k, before, ({ changes }) => changes, NO_CHANGE);
  return { ...stepInput(run, loaded, fisher), changesBefore };
}

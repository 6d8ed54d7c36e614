import type { EstimatedFisher } from '../../fisher/estimate.js';
import { inverseGradient } from '../../fisher/inverse-gradient.js';
import type { Lambda } from '../../fisher/lambda.js';
import type { Cut } from '../../selection/cut.js';
import type { RankedLists } from '../../selection/ranked-lists.js';
import { type StepInput, updateStep } from '../../steps/pruning-step.js';
import type { PredictedLossChange } from '../../updates/apply.js';
import type { LoadedSlice } from '../loaded-slice.js';
import type { SlabRecord } from '../slab-records.js';
import type { SlabWork } from '../slab-work.js';
import { slabFisher } from './fisher.js';
import { load } from './load.js';
import { type SlabMasks, slabMasks } from './masks.js';

/** What all slabs are cut by. */
export interface Selected {
  damping: Lambda;
  ranked: RankedLists;
  cuts: readonly Cut[];
  /** The Fisher of a slab on disk. */
  stateOf: (slab: number) => SlabRecord['state'];
}

/** A slab with all that its update takes. */
export interface ReadySlab extends SlabMasks {
  loaded: LoadedSlice[];
  fisher?: EstimatedFisher;
  /** F⁻¹ times the mean gradient; absent where the gradient is left out. */
  h?: Float64Array[];
}

/** Loads slab k and cuts it. */
export async function readySlab(
  work: SlabWork,
  k: number,
  { damping, ranked, cuts, stateOf }: Selected,
): Promise<ReadySlab> {
  const { context, run } = work;
  const loaded = await load(work, k);
  const { masks, pruned } = await slabMasks(work, k, loaded, ranked, cuts);
  const fisher = await slabFisher(work, k, loaded, stateOf(k), damping);
  const h =
    run.settings.firstOrder === undefined || fisher === undefined
      ? undefined
      : await inverseGradient(context, fisher.state, fisher.damping);
  return { loaded, masks, pruned, fisher, h };
}

/** Updates what is kept, with α = step; without the gradient where that is undefined. */
export async function updateSlab(
  { context, run, clock }: SlabWork,
  input: StepInput,
  { masks, h }: ReadySlab,
  step: number | undefined,
): Promise<PredictedLossChange[] | undefined> {
  const settings = { ...run.settings, firstOrder: step === undefined ? undefined : { step } };
  const { changes } = await updateStep(context, settings, clock, input, masks, h);
  return changes;
}

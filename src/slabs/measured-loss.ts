import type { PrunedTensor } from '../files/pruned-model.js';
import type { StepHistory } from '../report/step-history.js';
import type { SlabWork } from './slab-work.js';

/** The loss before the step; undefined where none is measured. */
export async function lossBefore(
  work: SlabWork,
  { lossNow }: StepHistory,
): Promise<number | undefined> {
  const { step } = work.run;
  if (step?.loss === undefined) return undefined;
  return lossNow ?? (await measureLoss(work, 'measure', step.tensors));
}

/** The loss on held-out data with these tensors. */
export async function measureLoss(
  { run, clock }: SlabWork,
  phase: 'measure' | 'search',
  tensors: readonly PrunedTensor[],
): Promise<number> {
  const { loss } = run.step ?? {};
  if (loss === undefined) throw new Error('a loss is wanted, but there is none');
  return await clock.time(phase, () => loss(tensors));
}

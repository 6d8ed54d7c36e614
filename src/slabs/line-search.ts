import { type StepSearch, searchAlong } from '../updates/search-step.js';
import { measureLoss } from './measured-loss.js';
import { searchPass } from './passes/search.js';
import type { Selected } from './passes/update.js';
import { resultTensors, tensorsBetween } from './slab-results.js';
import type { SlabWork } from './slab-work.js';

/** α of an update, and how it was found where it was not given. */
export interface FirstOrderStep {
  step: number;
  search?: StepSearch;
}

/** α of the update, found by a search along the line between α = 0 and α = 1 where it is not given. */
export async function firstOrderStep(
  work: SlabWork,
  selected: Selected,
  lossBefore: number | undefined,
): Promise<FirstOrderStep | undefined> {
  const { plan, settings, step, records } = work.run;
  const { firstOrder } = settings;
  if (firstOrder === undefined || 'step' in firstOrder) return firstOrder;
  await searchPass(work, selected);
  const [zero, one] = (['zero', 'one'] as const).map((what) =>
    resultTensors(plan.run.shapes, plan.slabs, records, what),
  );
  const search = await searchAlong(lossBefore ?? Number.NaN, step?.stepBefore, (alpha) =>
    measureLoss(work, 'search', tensorsBetween(zero, one, alpha)),
  );
  return { step: search.step, search };
}

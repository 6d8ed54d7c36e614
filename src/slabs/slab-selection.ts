import type { StepHistory } from '../report/step-history.js';
import { type Budgets, costsOf } from '../selection/budgets.js';
import type { Cut } from '../selection/cut.js';
import { findCuts } from '../selection/find-cuts.js';
import type { RankedLists } from '../selection/ranked-lists.js';
import { totalsOf } from '../selection/units.js';
import { stepBudgets } from '../steps/step-budgets.js';
import { denseOf, type PrunedShape } from './by-parameter.js';
import type { SlabRecord } from './slab-records.js';
import type { SlabRun } from './slab-run.js';
import { listsOnDisk } from './slab-scores.js';
import type { SlabWork } from './slab-work.js';

/** The score in words: JSON has no infinity. */
type SavedCut = [score: string, lastTie: number];

/** How much is pruned when the step is done. */
export function budgetsOf(
  { settings, step }: SlabRun,
  parameters: readonly PrunedShape[],
  { prunedBefore }: StepHistory,
): Budgets {
  const begun = parameters.map((one, i) => ({ ...one, prunedBefore: prunedBefore[i] }));
  const all = stepBudgets(settings.schedule, settings.steps, settings.budgets, begun);
  return all[step?.index ?? 0];
}

/** The scores of all slabs, by parameter. */
export function rankedLists(
  { context, run }: SlabWork,
  parameters: readonly PrunedShape[],
  scored: readonly SlabRecord[],
): RankedLists {
  const { plan, settings, records } = run;
  const costs = costsOf(settings.budgets, plan.run.shapes);
  const dense = denseOf(plan, scored);
  const lists = parameters.map((parameter, i) => ({
    name: parameter.name,
    totals: totalsOf([parameter], [costs[i]], [dense[i]]),
  }));
  return listsOnDisk(context, plan.slabs, records, lists, costs);
}

/** The cuts over all slabs, those of before where they are recorded. */
export async function slabCuts(
  { context, run, clock }: SlabWork,
  ranked: RankedLists,
  budgets: Budgets,
): Promise<Cut[]> {
  const { records, onProgress } = run;
  const saved = await records.read<SavedCut[]>('cuts');
  if (saved !== undefined) {
    return saved.map(([score, tie]) => ({ score: Number(score), lastTie: tie }));
  }
  onProgress?.({ phase: 'select', done: 0, total: 1, unit: 'passes' });
  const cuts = await clock.time('select', () => findCuts(context, ranked, budgets));
  const words = cuts.map(({ score, lastTie }): SavedCut => [`${score}`, lastTie]);
  await records.write('cuts', words);
  return cuts;
}

import type { Lambda } from '../fisher/lambda.js';
import { StepHistory } from '../report/step-history.js';
import { checkGoal } from '../selection/check-goal.js';
import { prunedShapes } from './by-parameter.js';
import type { Found } from './found.js';
import { firstOrderStep } from './line-search.js';
import { lossBefore } from './measured-loss.js';
import { applyPass } from './passes/apply.js';
import { choosePass } from './passes/choose.js';
import { scorePass } from './passes/score.js';
import type { SlabRecord } from './slab-records.js';
import { budgetsOf, rankedLists, slabCuts } from './slab-selection.js';
import type { SlabWork } from './slab-work.js';

/** Prunes by one threshold over all slabs. */
export async function cutAndApply(
  work: SlabWork,
  damping: Lambda,
  sums: readonly SlabRecord[],
): Promise<Found> {
  const scored = await scorePass(work, damping, sums);
  const begun = beginStep(work, scored);
  const { ranked, history } = begun;
  const cuts = await slabCuts(work, ranked, begun.budgets);
  const stateOf = (k: number) => sums[k]?.state ?? scored[k].state;
  const selected = { damping, ranked, cuts, stateOf };
  const before = await lossBefore(work, history);
  const firstOrder = await firstOrderStep(work, selected, before);
  const applied = await applyPass(work, selected, firstOrder?.step);
  return { ...begun, cuts, applied, firstOrder, before };
}

/** Prunes by pattern n:m, which takes each slab by itself. */
export async function choose(
  work: SlabWork,
  damping: Lambda,
  sums: readonly SlabRecord[],
): Promise<Found> {
  const applied = await choosePass(work, damping, sums);
  const begun = beginStep(work, applied);
  const before = await lossBefore(work, begun.history);
  const { firstOrder } = work.run.settings;
  return {
    ...{ ...begun, applied, before },
    firstOrder: firstOrder && 'step' in firstOrder ? firstOrder : undefined,
  };
}

/** What follows from the scores of all slabs, and from the steps before. */
function beginStep(
  work: SlabWork,
  scored: readonly SlabRecord[],
): Pick<Found, 'parameters' | 'budgets' | 'ranked' | 'scored' | 'history'> {
  const { run } = work;
  const parameters = prunedShapes(run.plan, scored);
  if (run.step?.history === undefined) checkGoal(run.settings.budgets, parameters);
  const history = run.step?.history ?? new StepHistory(parameters);
  const budgets = budgetsOf(run, parameters, history);
  const ranked = rankedLists(work, parameters, scored);
  return { parameters, budgets, ranked, scored, history };
}

import type { Lambda } from '../fisher/lambda.js';
import type { FisherFigures } from '../report/fisher-figures.js';
import type { RunStatistics } from '../report/statistics.js';
import { type GroupFigures, runStatistics } from '../report/summarise.js';
import { denseOf, largestResiduals, maximumOf } from './by-parameter.js';
import type { Found } from './found.js';
import { tracesOf } from './slab-damping.js';
import type { SlabPlan } from './slab-plan.js';
import type { SlabRecord } from './slab-records.js';
import type { SlabRun } from './slab-run.js';
import type { SlabWork } from './slab-work.js';

/** The statistics of a run, from what its last step has found. */
export async function slabStatistics(
  { context, run, clock }: SlabWork,
  damping: Lambda,
  found: Found,
  pruned: readonly number[],
): Promise<RunStatistics> {
  const { plan, settings, others } = run;
  const { parameters, ranked, cuts, scored, history } = found;
  const fisher = fisherFigures(run, damping, found);
  const inverts = scored.some(({ conditions }) => conditions !== undefined);
  return await runStatistics(context, {
    ...{ settings, parameters, fisher, cuts, pruned, history },
    all: [...parameters, ...others],
    conditions: inverts ? maximumOf(plan, scored, ({ conditions }) => conditions) : undefined,
    residuals: inverts ? largestResiduals(plan, scored) : undefined,
    units: ranked,
    groups: settings.pattern.kind === 'unstructured' ? undefined : groupFigures(plan, scored),
    dampingSweep: undefined,
    phases: clock.compared(undefined),
  });
}

/** Undefined where no Fisher is made. */
function fisherFigures(
  run: SlabRun,
  damping: Lambda,
  { parameters, scored }: Found,
): FisherFigures | undefined {
  const { plan, settings, gradients } = run;
  const { solver } = plan.run;
  if (gradients === undefined || solver === undefined) return undefined;
  return {
    ...{ samples: gradients.samples, form: settings.form, solver, damping },
    traces: tracesOf(run, scored),
    longest: Math.max(...parameters.map(({ blockOrder }) => blockOrder)),
  };
}

/** No group lies in two blocks, so that none has a sum for its score. */
function groupFigures(plan: SlabPlan, scored: readonly SlabRecord[]): GroupFigures {
  return {
    dense: denseOf(plan, scored),
    summed: plan.run.shapes.map(() => false),
    listOf: (index) => index,
  };
}

import { finalOf, sumOf } from './by-parameter.js';
import { measureLoss } from './measured-loss.js';
import { NO_CHANGE } from './passes/step-input.js';
import { sumsPass } from './passes/sums.js';
import { choose, cutAndApply } from './passes-of-step.js';
import { slabDamping } from './slab-damping.js';
import { resultTensors, scoreTensors } from './slab-results.js';
import type { SlabStepResult } from './slab-run.js';
import { slabStatistics } from './slab-statistics.js';
import type { SlabWork } from './slab-work.js';

/** One pruning step in slabs: its passes, its losses and its place in the history. */
export async function pruneSlabStep(work: SlabWork): Promise<SlabStepResult> {
  try {
    return await pruneStep(work);
  } finally {
    await work.ahead.stop();
  }
}

async function pruneStep(work: SlabWork): Promise<SlabStepResult> {
  const { run } = work;
  const { plan, settings, gradients, records } = run;
  const relative = typeof settings.damping === 'object' && gradients !== undefined;
  const sums = relative ? await sumsPass(work) : [];
  const damping = slabDamping(run, sums);
  const passes = settings.pattern.kind === 'subsets' ? choose : cutAndApply;
  const found = await passes(work, damping, sums);
  const { parameters, budgets, applied, history, firstOrder, before } = found;
  const { shapes } = plan.run;
  const tensors = resultTensors(shapes, plan.slabs, records);
  const measuredLoss =
    before === undefined
      ? undefined
      : {
          before,
          after: firstOrder?.search?.lossAfter ?? (await measureLoss(work, 'measure', tensors)),
        };
  const pruned = sumOf(plan, applied, (record) => record.pruned);
  const makes = gradients !== undefined && plan.run.solver !== undefined;
  const changes = finalOf(plan, applied, (record) => record.changes, NO_CHANGE);
  history.add({
    ...{ pruned, firstOrder, measuredLoss, changes: makes ? changes : undefined },
    samples: gradients?.samples ?? null,
    sparsity: budgets.sparsity ?? null,
    blocks: parameters.reduce((sum, { blockCount }) => sum + blockCount, 0),
  });
  return {
    ...{ tensors, history, step: firstOrder?.step ?? 0 },
    scores: settings.scores ? scoreTensors(shapes, plan.slabs, records) : undefined,
    statistics: () => slabStatistics(work, damping, found, pruned),
  };
}

import type { MatchedGradients } from '../files/gradient-files.js';
import type { PrunedTensor } from '../files/pruned-model.js';
import { PhaseClock } from '../progress/phase-clock.js';
import { StepHistory } from '../report/step-history.js';
import type { StepsDone } from '../step-journal.js';
import { startPass } from './passes/start.js';
import { pruneSlabStep } from './prune-step.js';
import { doneSteps, recordStep } from './saved-steps.js';
import { withSlabContext } from './slab-context.js';
import { resultTensors } from './slab-results.js';
import type { SlabRun, SlabRunResult } from './slab-run.js';
import { slabWork } from './slab-work.js';

/** What steps in slabs take from elsewhere; tensors are those of the parameters as they stand. */
export interface StepSource {
  /** Gradients at the weights of step `index`; they stay open until the next are asked for, or `close`. */
  gradients(index: number, tensors: readonly PrunedTensor[]): Promise<MatchedGradients | undefined>;
  /** Closes the gradients of the step. */
  close(): Promise<void>;
  /** Loss on held-out data. Absent: it is not measured. */
  loss?: (tensors: readonly PrunedTensor[]) => Promise<number>;
  /** Told when the run goes on after steps that are done. */
  onResume?: (done: StepsDone) => void;
}

/**
 * Prunes in several steps, each a run in slabs on the weights of the step before, with the results of
 * prune() to the bit for the same batches.
 */
export async function pruneStepsInSlabs(
  run: Omit<SlabRun, 'gradients' | 'step'>,
  source: StepSource,
): Promise<SlabRunResult> {
  const { plan, settings, records } = run;
  return await withSlabContext(run, async (context) => {
    const clock = new PhaseClock(() => context.lease.peakBytes);
    const done = await doneSteps(records);
    if (done !== undefined) source.onResume?.(done);
    let history = done && StepHistory.restore(done.history);
    let before = await records.ofStep((done?.count ?? 0) - 1);
    let tensors =
      done === undefined
        ? await startPass(slabWork(context, { ...run, records: before }, clock))
        : resultTensors(plan.run.shapes, plan.slabs, before);
    for (let index = done?.count ?? 0, stepBefore = done?.stepBefore; ; index++) {
      const own = await records.ofStep(index);
      const gradients = await source.gradients(index, tensors);
      const step = { index, stepBefore, history, tensors, loss: source.loss };
      const input = { ...run.input, before };
      const ofStep = { ...run, input, gradients, records: own, step };
      const result = await pruneSlabStep(slabWork(context, ofStep, clock));
      if (index === settings.steps - 1) {
        const { tensors: pruned, scores, statistics } = result;
        return { tensors: pruned, scores, statistics: await statistics() };
      }
      await source.close();
      ({ step: stepBefore, history, tensors } = result);
      await recordStep(records, { count: index + 1, stepBefore, history: history.record() });
      before = own;
    }
  });
}

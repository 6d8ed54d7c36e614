import type { MatchedGradients } from '../../files/gradient-files.js';
import type { PrunedTensor } from '../../files/pruned-model.js';
import type { Reporter } from '../output/reporter.js';
import type { StepJobs } from './step-jobs.js';

/** Gradients of step `index`: of the first those that are there, else those of the user's own job. */
export async function gradientsAt(
  jobs: StepJobs,
  index: number,
  tensors: readonly PrunedTensor[],
  first: MatchedGradients | undefined,
): Promise<MatchedGradients | undefined> {
  await jobs.begin(index);
  if (index === 0 && (first !== undefined || !jobs.takesGradients)) return first;
  return await jobs.gradients(tensors);
}

/** Tells that a run goes on. */
export function noteResumed(reporter: Reporter, done: number, steps: number): void {
  reporter.note('resumed', { steps: done }, `going on after step ${done} of ${steps}`);
}

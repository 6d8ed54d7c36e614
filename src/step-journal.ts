import type { HistoryRecord } from './report/step-history.js';
import type { ChosenSolver } from './solvers/choose.js';
import type { PrunedParameter } from './steps/results.js';

/** What the steps of a run have come to, beside the weights and masks; JSON as it stands. */
export interface StepsDone {
  count: number;
  /** α of the last of them. */
  stepBefore: number;
  /** Chosen at the first step, for all. */
  solver?: ChosenSolver;
  history: HistoryRecord;
}

/** Where a run keeps what its steps have come to. */
export interface StepJournal {
  /** Steps of an earlier run, after which this one goes on; their weights and masks are the run's parameters. */
  done?: StepsDone;
  /** Told after each step but the last; `weights` gives the weights and masks, in the model's layout. */
  finished(done: StepsDone, weights: () => Promise<PrunedParameter[]>): Promise<void>;
}

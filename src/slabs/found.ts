import type { StepHistory } from '../report/step-history.js';
import type { Budgets } from '../selection/budgets.js';
import type { Cut } from '../selection/cut.js';
import type { RankedLists } from '../selection/ranked-lists.js';
import type { PrunedShape } from './by-parameter.js';
import type { FirstOrderStep } from './line-search.js';
import type { SlabRecord } from './slab-records.js';

/** What the passes of a step have found. */
export interface Found {
  parameters: readonly PrunedShape[];
  /** How much is pruned when the step is done. */
  budgets: Budgets;
  ranked: RankedLists;
  /** Absent for pattern n:m. */
  cuts?: readonly Cut[];
  /** Records of the pass that has scored. */
  scored: readonly SlabRecord[];
  /** Records of the pass that has updated; the same for pattern n:m. */
  applied: readonly SlabRecord[];
  /** Without the step. */
  history: StepHistory;
  /** α of the update; absent where the gradient was left out. */
  firstOrder?: FirstOrderStep;
  /** Absent where no loss is measured. */
  before?: number;
}

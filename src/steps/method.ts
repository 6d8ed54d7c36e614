import type { CriterionName, UpdateRule } from '../engine/kernels.js';
import type { Selection } from '../selection/greedy.js';
import type { LossFunction } from '../updates/lent-model.js';
import type { Schedule } from './schedule.js';

/** The method with its defaults, checked. */
export interface Method {
  criterion: CriterionName;
  /** Of criterion `random`. */
  seed: number;
  selection: Selection;
  update: UpdateRule;
  firstOrder: { step: number } | { search: LossFunction } | undefined;
  /** Measured before and after, whether or not it is searched by. */
  loss: LossFunction | undefined;
  steps: number;
  schedule: Schedule;
  warnings: string[];
}

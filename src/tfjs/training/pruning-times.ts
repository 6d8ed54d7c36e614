import { optionError } from '../../errors.js';
import { checkSparsity, checkWhole } from '../../options.js';
import { checkSchedule, type Schedule, sparsities } from '../../steps/schedule.js';

/** When a model is pruned while it is trained, counted in steps of the optimizer. */
export interface PruningTimes {
  /** Steps before the first pruning. Default 0. */
  start?: number;
  /** The last pruning is at `start` and a multiple of `frequency`, after `end` steps at the latest. */
  end: number;
  /** Steps from one pruning to the next. */
  frequency: number;
  /** Fraction of the prunable weights that is zero after the last pruning. */
  sparsity: number;
  /** How sparsity grows from one pruning to the next. Default `cubic`. */
  schedule?: Schedule;
}

/** One pruning to come. */
export interface PlannedPruning {
  /** Steps of the optimizer before it. */
  step: number;
  /** Fraction of the prunable weights that is zero after it. */
  sparsity: number;
}

/**
 * All prunings of a training.
 *
 * @param before Fraction that is zero already.
 */
export function plannedPrunings(
  { start = 0, end, frequency, sparsity, schedule }: PruningTimes,
  before = 0,
): PlannedPruning[] {
  checkWhole('start', start, { least: 0 });
  checkWhole('frequency', frequency);
  checkWhole('end', end, { least: start });
  checkSparsity(sparsity);
  const checked = checkSchedule(schedule);
  if (checked === 'geometric' && sparsity === 1) {
    throw optionError(
      'schedule',
      'another than geometric, which never comes to sparsity 1',
      checked,
    );
  }
  const count = Math.floor((end - start) / frequency) + 1;
  return sparsities(checked, count, before, sparsity).map((after, k) => ({
    step: start + k * frequency,
    sparsity: after,
  }));
}

import type { BlockLayout, Damping } from '../options.js';
import type { Preset } from '../preset-names.js';
import type { Budgets } from '../selection/budgets.js';
import type { StepSettings } from '../steps/pruning-step.js';

/** What of a run's settings its statistics tell. */
export interface ReportedSettings extends StepSettings {
  preset: Preset | undefined;
  blocks: BlockLayout;
  budgets: Budgets;
  blockSize: number;
  damping: Damping;
  threads: number;
  /** Sparsities of the curve, beside the one that was asked for. */
  curve: readonly number[];
}

import { PRESET_OPTIONS } from '../../presets.js';
import type { HeldOutOptions } from '../pruning/held-out.js';
import { gradientSettings, type ModelPruningOptions } from '../pruning/options.js';
import type { PruningTimes } from './pruning-times.js';

/** Options of {@link GradualPruner}. */
export interface GradualOptions
  extends Omit<
      ModelPruningOptions,
      | 'sparsity'
      | 'minSparsity'
      | 'targetFlops'
      | 'steps'
      | 'schedule'
      | 'saveFisher'
      | 'dampingSweep'
      | 'metrics'
    >,
    HeldOutOptions,
    PruningTimes {}

/**
 * The options of each single pruning: one step, and along the gradient where there are examples for a
 * line search, since training has not come to its end.
 */
export function singlePruning(options: GradualOptions): ModelPruningOptions {
  const { start, end, frequency, schedule, ...one } = options;
  const { validationSplit, heldOut, maxExamples, ...rest } = one;
  const { takesGradients, preset } = gradientSettings({ ...rest, steps: 1 });
  const recipe = preset === undefined ? undefined : PRESET_OPTIONS[preset];
  const update = rest.update ?? recipe?.update;
  const separate = heldOut !== undefined || (validationSplit ?? 1) > 0;
  const follows = takesGradients && update !== 'none' && separate;
  const firstOrder = rest.firstOrder ?? (follows && { step: 'line-search' as const });
  return { ...rest, preset, firstOrder, steps: 1 };
}

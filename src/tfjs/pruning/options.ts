import { needsFisher } from '../../criteria/score.js';
import { optionError } from '../../errors.js';
import {
  checkChoice,
  checkGradientBatch,
  checkSamples,
  checkWhole,
  DEFAULTS,
} from '../../options.js';
import type { Preset } from '../../preset-names.js';
import { PRESET_OPTIONS, presetSamples } from '../../presets.js';
import type { PruneOptions } from '../../prune-options.js';
import type { LossFunction, LossName } from '../objective.js';
import type { TensorFlow } from '../tensorflow.js';
import type { MetricFunction } from './metrics.js';

/** How the Fisher of a model's weights is taken, and what is pruned by it. */
export interface ModelPruningOptions
  extends Omit<
    PruneOptions,
    'parameters' | 'gradients' | 'loss' | 'inPlace' | 'onProgress' | 'fisher'
  > {
  /** The build of TensorFlow.js the model comes from, used for everything. Default: `@tensorflow/tfjs`. */
  tf?: TensorFlow;
  /**
   * Default: the loss the model was compiled with. A function takes labels as the dataset has them and
   * gives `losses [k]`.
   */
  loss?: LossName | LossFunction;
  /** Metrics in place of those the model was compiled with; `accuracy` comes with the cross-entropies. */
  metrics?: Readonly<Record<string, MetricFunction>>;
  /**
   * The recipe whose options stand where none are given. Default `fast`; none with a criterion that
   * needs no gradients.
   */
  preset?: Preset;
  /**
   * Gradient samples of each step, of examples drawn anew. Default: what the preset is made for, or
   * all there are.
   */
  samples?: number;
  /** Examples that pass together. Default 128. */
  gradientBatch?: number;
  /** `drawn`: from the model's own output distribution, for the true Fisher. Default `given`. */
  labels?: 'given' | 'drawn';
  /** Names of parameters that are not pruned, as {@link modelParameters} gives them. */
  exclude?: readonly string[];
  /** Weights pruned before, 0, by parameter, as an earlier run returned them. */
  masks?: Readonly<Record<string, Uint8Array>>;
  /** Decides what is held out, which examples are drawn, and criterion `random`. Default 0. */
  seed?: number;
}

/** Options with a default of their own here, checked. */
export interface GradientSettings {
  preset: Preset | undefined;
  takesGradients: boolean;
  searches: boolean;
  steps: number;
  gradientBatch: number;
  examplesPerSample: number;
  seed: number;
}

/** Fills in the defaults that decide which gradients are taken. */
export function gradientSettings(options: ModelPruningOptions): GradientSettings {
  const { criterion = DEFAULTS.criterion, seed = 0, examplesPerSample = 1 } = options;
  const { update = options.preset && PRESET_OPTIONS[options.preset]?.update } = options;
  const takesGradients = needsFisher(criterion) || (update !== undefined && update !== 'none');
  const preset = options.preset ?? (takesGradients ? 'fast' : undefined);
  const recipe = preset === undefined ? undefined : PRESET_OPTIONS[preset];
  const { firstOrder = recipe?.firstOrder, steps = recipe?.steps ?? 1 } = options;
  checkWhole('seed', seed, { least: 0 });
  checkChoice('labels', ['given', 'drawn'], options.labels, 'given');
  checkSamples(options.samples);
  checkWhole('examplesPerSample', examplesPerSample);
  return {
    preset,
    takesGradients,
    searches:
      firstOrder === true || (typeof firstOrder === 'object' && firstOrder.step === 'line-search'),
    steps,
    gradientBatch: checkGradientBatch(options.gradientBatch) ?? 128,
    examplesPerSample,
    seed,
  };
}

/** Examples that all steps of a run take together. */
export function examplesWanted(
  { samples }: Pick<ModelPruningOptions, 'samples'>,
  { preset = 'fast', steps, examplesPerSample }: GradientSettings,
): number {
  let all = 0;
  for (let step = 0; step < steps; step++) all += samples ?? presetSamples(preset, step);
  return all * examplesPerSample;
}

/**
 * Gradient samples of each step, where `available` examples are there.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_OPTION` for more samples than there are examples.
 */
export function sampleCounts(
  { samples }: Pick<ModelPruningOptions, 'samples'>,
  { preset = 'fast', steps, examplesPerSample }: GradientSettings,
  available: number,
): number[] {
  const most = Math.floor(available / examplesPerSample);
  if (most === 0) {
    const rule = `at most ${available}, the examples there are beside those held out`;
    throw optionError('examplesPerSample', rule, examplesPerSample);
  }
  if (samples !== undefined && samples > most) {
    const each = examplesPerSample === 1 ? '' : ` of ${examplesPerSample} examples each`;
    const rule = `at most ${most}${each}, as many as there are beside the examples held out`;
    throw optionError('samples', rule, samples);
  }
  return Array.from({ length: steps }, (_, step) =>
    samples !== undefined ? samples : Math.min(most, presetSamples(preset, step)),
  );
}

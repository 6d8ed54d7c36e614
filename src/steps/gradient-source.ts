import type { GradientBatch } from '../parameters.js';
import type { PrunedParameter } from './results.js';

/** Batches of gradient samples, one after the other. */
export type GradientBatches = AsyncIterable<GradientBatch> | Iterable<GradientBatch>;

/** The pruning step that gradients are wanted for. */
export interface GradientStep {
  /** 0 … steps − 1 */
  index: number;
  steps: number;
  /** How many samples the preset of the run is made for at this step; without a preset undefined. */
  advisedSamples?: number;
  /** All parameters as they stand, at which the gradients are to be taken: copies, the callee's to keep. */
  parameters: readonly PrunedParameter[];
}

/** Gradients for one step, or a function that takes them anew at the weights of each step. */
export type GradientSource =
  | GradientBatches
  | ((step: GradientStep) => GradientBatches | Promise<GradientBatches>);

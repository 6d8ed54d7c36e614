import type { ProgressListener } from '../progress/progress.js';
import type { RunStatistics } from '../report/statistics.js';
import type { Dataset } from './data/dataset.js';
import { ExampleDraw } from './data/draw.js';
import { graphOf } from './graph.js';
import { gradientModes, type ParameterMode } from './modes.js';
import { cloneModel } from './pruning/clone.js';
import { evaluatorOf, type Metrics } from './pruning/evaluate.js';
import { type HeldOutOptions, readParts } from './pruning/held-out.js';
import { examplesWanted, gradientSettings, type ModelPruningOptions } from './pruning/options.js';
import { masksOf, pruneWeights } from './pruning/prune-weights.js';
import { assertLayersModel, type LayersModel, readyTensorFlow } from './tensorflow.js';
import { modelParameters, setModelWeights } from './weights.js';

/** Options of {@link pruneModel}: those of `prune`, and where gradients and losses come from. */
export interface PruneModelOptions extends ModelPruningOptions, HeldOutOptions {
  /**
   * Whether the model itself is changed. Default false: a clone is pruned, with an optimizer that
   * starts anew, and is the caller's to dispose.
   */
  inPlace?: boolean;
  onProgress?: ProgressListener;
}

export interface PrunedModel {
  /** The model pruned: the one given, or its clone. */
  model: LayersModel;
  /** 1 = kept, 0 = pruned, in the layout of each prunable parameter, by its name. */
  masks: Record<string, Uint8Array>;
  statistics: RunStatistics;
  /** Mean loss and metrics before pruning. */
  metricsBefore: Metrics;
  metricsAfter: Metrics;
  /** Whether the metrics are of examples that no gradient was taken of. */
  heldOut: boolean;
  /** ½ δᵀFδ, with ḡᵀδ where the gradient is followed, summed over steps; null without gradients. */
  predictedLossChange: number | null;
  /** Difference of the mean losses after and before. */
  measuredLossChange: number;
  /** How the gradients of each parameter were got. */
  gradients: ParameterMode[];
}

/**
 * Prunes a model: takes gradients of the dataset's examples, estimates the Fisher, removes weights and
 * moves the others, in one or several steps. All weights, the model's metrics and TensorFlow.js's
 * tensors are as before when it fails.
 *
 * A dataset is `{xs, ys}` of tensors or arrays, or a `tf.data.Dataset`, which is read once, into memory.
 * A part of it is held out: the line search of `preset: 'best'` and the metrics are over that part.
 *
 * @param model Built, of one input and one output; see perExampleGradients for its layers.
 * @throws {WoodFisherError} what `prune` and perExampleGradients throw; the signal's reason when it is
 *   aborted.
 * @example
 * const { model: sparse, metricsAfter } = await pruneModel(model, { xs, ys }, { tf, sparsity: 0.9 });
 */
export async function pruneModel(
  model: LayersModel,
  dataset: Dataset,
  options: PruneModelOptions = {},
): Promise<PrunedModel> {
  const { inPlace = false, validationSplit, heldOut: own, maxExamples, ...rest } = options;
  const tf = await readyTensorFlow(options.tf);
  assertLayersModel(tf, model);
  options.signal?.throwIfAborted();
  const { inputShape } = graphOf(model);
  const settings = gradientSettings(options);
  const {
    rest: training,
    heldOut,
    separate,
  } = await readParts(dataset, {
    tf,
    inputShape,
    validationSplit,
    heldOut: own,
    maxExamples,
    wanted: examplesWanted(options, settings),
    searches: settings.searches,
    seed: settings.seed,
    signal: options.signal,
  });
  const original = inPlace ? modelParameters(model) : [];
  const working = inPlace ? model : await cloneModel(tf, model);
  try {
    const evaluator = evaluatorOf(tf, working, { ...options, batchSize: settings.gradientBatch });
    const metricsBefore = await evaluator.metrics(heldOut);
    const draw = new ExampleDraw(training, settings.seed + 1);
    const result = await pruneWeights(tf, working, { draw, heldOut, evaluator }, rest);
    await setModelWeights(working, result.parameters, { tf });
    const metricsAfter = await evaluator.metrics(heldOut);
    return {
      model: working,
      masks: masksOf(result),
      statistics: result.statistics,
      metricsBefore,
      metricsAfter,
      heldOut: separate,
      predictedLossChange: predicted(result.statistics),
      measuredLossChange: metricsAfter.loss - metricsBefore.loss,
      gradients: gradientModes(working),
    };
  } catch (error) {
    if (inPlace) await setModelWeights(model, original, { tf });
    else working.dispose();
    throw error;
  }
}

function predicted({ predictedLossChange, steps }: RunStatistics): number | null {
  if (predictedLossChange === null) return null;
  const followed = steps.some(({ firstOrder }) => firstOrder !== null);
  return predictedLossChange.quadratic + (followed ? predictedLossChange.linear : 0);
}

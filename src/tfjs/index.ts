export type { Build, FailedBuild } from './builds/attempts.js';
export { type LoadedTensorFlow, loadTensorFlow } from './builds/load.js';
export { type ConvertedModel, type ConvertModelOptions, convertModel } from './convert-model.js';
export type { Dataset, ExampleStream } from './data/dataset.js';
export type { ExampleArrays } from './data/examples.js';
export { folderHandler } from './files/folder-handler.js';
export {
  type FactoredGradientOptions,
  type GradientOptions,
  perExampleFactors,
  perExampleGradients,
} from './gradients.js';
export { GradualPruner, type GradualPruning } from './gradual-pruner.js';
export type { Labels } from './labels.js';
export { supportedLayers } from './layers/kinds.js';
export { type MeanGradientOptions, meanGradients } from './mean-gradients.js';
export { loadModel, type SavedModel, type SaveModelOptions, saveModel } from './model-files.js';
export { gradientModes, type ParameterMode } from './modes.js';
export type { LossFunction, LossName } from './objective.js';
export type { FactorOptions } from './options.js';
export {
  type PrunedModel,
  type PruneModelOptions,
  pruneModel,
} from './prune-model.js';
export type { Metrics } from './pruning/evaluate.js';
export type { HeldOutOptions } from './pruning/held-out.js';
export type { MetricFunction } from './pruning/metrics.js';
export type { ModelPruningOptions } from './pruning/options.js';
export type { GradientMode } from './step.js';
export type { LayersModel, Tensor, TensorFlow } from './tensorflow.js';
export type { PlannedPruning, PruningTimes } from './training/pruning-times.js';
export type { GradualOptions } from './training/settings.js';
export { modelParameters, type NamedWeights, setModelWeights } from './weights.js';

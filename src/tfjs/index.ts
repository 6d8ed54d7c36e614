export { supportedLayers } from './chain.js';
export type { FactorOptions } from './factors.js';
export { type GradientOptions, perExampleFactors, perExampleGradients } from './gradients.js';
export type { Labels } from './labels.js';
export { type MeanGradientOptions, meanGradients } from './mean-gradients.js';
export type { LossFunction, LossName } from './objective.js';
export type { LayersModel, Tensor, TensorFlow } from './tensorflow.js';
export { modelParameters, type NamedWeights, setModelWeights } from './weights.js';

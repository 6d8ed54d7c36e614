import { type Layer, type LayerKind, layerError } from './application.js';
import { convolution, depthwiseConvolution, separableConvolution } from './convolution.js';
import { dense } from './dense.js';
import { embedding } from './embedding.js';
import { activation, functionLayer, identity, softmax, thresholdedReLU } from './functions.js';
import { batchNormalization, layerNormalization } from './normalization.js';
import { globalMaxPooling, maxPooling } from './pooling.js';
import { prelu } from './prelu.js';
import { bidirectional, recurrent } from './recurrent.js';
import { upSampling } from './up-sampling.js';

/** TimeDistributed around a Dense layer, which does the same at every time by itself. */
const timeDistributed: LayerKind = (application) => {
  const { layer } = application.layer as unknown as { layer: Layer };
  return layer.getClassName() === 'Dense' ? dense({ ...application, layer }) : undefined;
};

const kinds: Readonly<Record<string, LayerKind>> = {
  Dense: dense,
  TimeDistributed: timeDistributed,
  Conv1D: convolution,
  Conv2D: convolution,
  DepthwiseConv2D: depthwiseConvolution,
  SeparableConv2D: separableConvolution,
  Embedding: embedding,
  SimpleRNN: recurrent,
  LSTM: recurrent,
  GRU: recurrent,
  Bidirectional: bidirectional,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  PReLU: prelu,
  Activation: activation,
  Softmax: softmax,
  ThresholdedReLU: thresholdedReLU,
  UpSampling2D: upSampling,
  MaxPooling1D: maxPooling,
  MaxPooling2D: maxPooling,
  GlobalMaxPooling1D: globalMaxPooling,
  GlobalMaxPooling2D: globalMaxPooling,
  Dropout: identity,
  SpatialDropout1D: identity,
  GaussianNoise: identity,
  GaussianDropout: identity,
  AlphaDropout: identity,
  ...Object.fromEntries(
    [
      ...['ReLU', 'LeakyReLU', 'ELU'],
      ...['Flatten', 'Reshape', 'Permute', 'RepeatVector'],
      ...['Add', 'Multiply', 'Average', 'Maximum', 'Minimum', 'Concatenate', 'Dot'],
      ...['AveragePooling1D', 'AveragePooling2D'],
      ...['GlobalAveragePooling1D', 'GlobalAveragePooling2D'],
      ...['ZeroPadding2D', 'Cropping2D', 'Rescaling'],
    ].map((name) => [name, functionLayer]),
  ),
};

/** Layer classes that a whole batch passes at once; through others pass single examples. */
export const supportedLayers: readonly string[] = ['InputLayer', ...Object.keys(kinds)];

/** The steps of a layer whose class and settings are known. */
export const knownSteps: LayerKind = (application) => {
  const { layer } = application;
  if (layer.stateful) {
    throw layerError(
      layer,
      'keeps its state between batches; every example must be treated by itself',
    );
  }
  // A class of the user's that is made from one of these has its name by inheritance.
  if (!Object.hasOwn(layer.constructor, 'className')) return undefined;
  const name = layer.getClassName();
  return Object.hasOwn(kinds, name) ? kinds[name](application) : undefined;
};

import type * as tfTypes from '@tensorflow/tfjs';
import type { Tensor } from '../tensorflow.js';
import { activationSteps, type LayerKind, layerError } from './application.js';

/** A layer without weights that treats every example by itself, as TensorFlow.js applies it. */
export const functionLayer: LayerKind = ({ layer }) => [
  {
    name: layer.getClassName(),
    run: (_, ...inputs) =>
      layer.apply(inputs.length === 1 ? inputs[0] : inputs, { training: false }) as Tensor,
  },
];

/** Layers that are the identity at inference. */
export const identity: LayerKind = () => [];

export const activation: LayerKind = ({ layer }) => activationSteps(layer);

/** Softmax over the last axis is one that losses know; over others it is any function. */
export const softmax: LayerKind = (application) => {
  const { layer, outputShape } = application;
  const rank = outputShape.length;
  const { axis } = layer.getConfig();
  const axes = [axis as number | number[]].flat().map((a) => (a + rank) % rank);
  if (axes.includes(0)) {
    throw layerError(layer, 'runs over the batch axis; every example must be treated by itself');
  }
  const overLast = axes.length === 1 && axes[0] === rank - 1;
  return functionLayer(application)?.map((step) => ({
    ...step,
    name: overLast ? 'softmax' : 'Softmax',
  }));
};

/** x where it is above theta, else 0; TensorFlow.js has no gradient of it. */
export const thresholdedReLU: LayerKind = ({ layer }) => {
  const { theta } = layer.getConfig() as { theta: number };
  return [
    {
      name: 'threshold',
      run({ tf }, x) {
        const operation = tf.customGrad((value, save) => {
          const above = tf.cast(tf.greater(value as Tensor, theta), 'float32');
          (save as tfTypes.GradSaveFunc)([above]);
          return {
            value: tf.mul(value as Tensor, above),
            gradFunc: (dy: Tensor, saved: Tensor[]) => tf.mul(dy, saved[0]),
          };
        });
        return operation(x);
      },
    },
  ];
};

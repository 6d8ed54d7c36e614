import type * as tfTypes from '@tensorflow/tfjs';
import { paddingOf, type Windows } from '../layers/windows.js';
import type { Tensor, TensorFlow } from '../tensorflow.js';
import { spreadDeltas } from './spread.js';

type Rank4 = tfTypes.Tensor4D;

/**
 * The convolution of x [k, height, width, in] with a kernel [kh, kw, in, out], differentiable by x.
 *
 * Its gradient is a convolution too, of the spread deltas with the mirrored kernel, which every
 * backend has and the wasm backend does twice as fast as the gradient of its own.
 */
export function convolve(tf: TensorFlow, x: Tensor, kernel: Tensor, windows: Windows): Tensor {
  const { strides, dilations } = windows;
  const weights = kernel as Rank4;
  const operation = tf.customGrad((image) => ({
    value: tf.conv2d(
      image as Rank4,
      weights,
      pair(strides),
      paddingOf(windows),
      'NHWC',
      pair(dilations),
    ),
    gradFunc: (dy: Tensor) => {
      const mirrored = tf.transpose(tf.reverse(weights, [0, 1]), [0, 1, 3, 2]);
      const spread = spreadDeltas(tf, dy, windows) as Rank4;
      return tf.conv2d(spread, mirrored as Rank4, 1, 'valid', 'NHWC', pair(dilations));
    },
  }));
  return operation(x);
}

/**
 * The depthwise convolution of x [k, height, width, in] with a kernel [kh, kw, in, m], differentiable
 * by x; the gradient of an input channel is the sum of the mirrored convolutions of its m outputs.
 */
export function convolveChannels(
  tf: TensorFlow,
  x: Tensor,
  kernel: Tensor,
  windows: Windows,
): Tensor {
  const { strides, dilations, input } = windows;
  const [kh, kw, channels, m] = kernel.shape as [number, number, number, number];
  const weights = kernel as Rank4;
  const operation = tf.customGrad((image) => ({
    value: tf.depthwiseConv2d(
      image as Rank4,
      weights,
      pair(strides),
      paddingOf(windows),
      'NHWC',
      pair(dilations),
    ),
    gradFunc: (dy: Tensor) => {
      const mirrored = tf.reshape(tf.reverse(weights, [0, 1]), [kh, kw, channels * m, 1]);
      const spread = spreadDeltas(tf, dy, windows) as Rank4;
      const gradients = tf.depthwiseConv2d(
        spread,
        mirrored as Rank4,
        1,
        'valid',
        'NHWC',
        pair(dilations),
      );
      if (m === 1) return gradients;
      return tf.reshape(tf.sum(tf.reshape(gradients, [-1, channels, m]), 2), [
        -1,
        ...input,
        channels,
      ]);
    },
  }));
  return operation(x);
}

function pair([a, b]: readonly [number, number]): [number, number] {
  return [a, b];
}

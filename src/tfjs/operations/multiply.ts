import type * as tfTypes from '@tensorflow/tfjs';
import type { Tensor, TensorFlow } from '../tensorflow.js';

/**
 * x ↦ x·kernel for x [n, in], differentiable by x.
 *
 * The transpose is written out in its gradient: the wasm backend multiplies by a matrix that is only
 * marked as transposed ten times more slowly. It is the same tensor for every x, since a new right
 * side costs that backend milliseconds of preparation.
 */
export function multiplier(tf: TensorFlow, kernel: Tensor): (x: Tensor) => Tensor {
  const transposed = tf.transpose(kernel);
  return tf.customGrad((x, save) => {
    (save as tfTypes.GradSaveFunc)([transposed]);
    return {
      value: tf.matMul(x as Tensor, kernel),
      gradFunc: (dy: Tensor, saved: Tensor[]) => tf.matMul(dy, saved[0]),
    };
  });
}

/** x·kernel (+ bias) over the last axis of x. */
export function multiplyLast(
  tf: TensorFlow,
  x: Tensor,
  kernel: Tensor,
  bias: Tensor | undefined,
): Tensor {
  const [inputs, outputs] = kernel.shape as [number, number];
  const product = multiplier(tf, kernel)(x.rank === 2 ? x : tf.reshape(x, [-1, inputs]));
  const sum = bias ? tf.add(product, bias) : product;
  return x.rank === 2 ? sum : tf.reshape(sum, [...x.shape.slice(0, -1), outputs]);
}

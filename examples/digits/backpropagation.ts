import type * as tfjs from '@tensorflow/tfjs';
import type { TensorFlow } from './tf-model.js';

/** A dense layer in training. */
export interface DenseVariables {
  /** [in, out] */
  kernel: tfjs.Variable<tfjs.Rank.R2>;
  /** [out] */
  bias: tfjs.Variable<tfjs.Rank.R1>;
}

/** The gradient by the variable of this name. */
export interface NamedTensor {
  name: string;
  tensor: tfjs.Tensor;
}

/** What each layer gets, from the images [k, in] on, and last the logits [k, out]. */
export function forward(
  tf: TensorFlow,
  layers: readonly DenseVariables[],
  images: tfjs.Tensor2D,
): tfjs.Tensor2D[] {
  const activations = [images];
  layers.forEach(({ kernel, bias }, l) => {
    const z: tfjs.Tensor2D = tf.add(tf.matMul(activations[l], kernel), bias);
    activations.push(l < layers.length - 1 ? tf.relu(z) : z);
  });
  return activations;
}

/** What the backward pass gives. */
export interface Backward {
  /** The mean cross-entropy of the softmax. */
  loss: tfjs.Scalar;
  /** Its gradients by the variables. */
  gradients: NamedTensor[];
  /** Its gradient by what the first layer got [k, in], made when it is asked for. */
  inputDelta: () => tfjs.Tensor2D;
}

/** Digits as {@link backward} takes them: [k, 10], 1 at the digit and 0 elsewhere. */
export function oneHot(tf: TensorFlow, digits: Uint8Array): tfjs.Tensor2D {
  return tf.cast(tf.oneHot([...digits], 10), 'float32') as tfjs.Tensor2D;
}

/**
 * The gradients of the mean cross-entropy of the softmax.
 *
 * By hand, because the gradients TensorFlow.js derives multiply by matrices marked as transposed,
 * for which its WebAssembly backend is ten times slower than for those written out.
 */
export function backward(
  tf: TensorFlow,
  layers: readonly DenseVariables[],
  activations: readonly tfjs.Tensor2D[],
  labels: tfjs.Tensor2D,
): Backward {
  const logits = activations[layers.length];
  const loss: tfjs.Scalar = tf.losses.softmaxCrossEntropy(labels, logits);
  const gradients: NamedTensor[] = [];
  let delta: tfjs.Tensor2D = tf.div(tf.sub(tf.softmax(logits), labels), labels.shape[0]);
  for (let l = layers.length - 1; l >= 0; l--) {
    const { kernel, bias } = layers[l];
    const a = activations[l];
    gradients.push({ name: kernel.name, tensor: tf.matMul(tf.transpose(a), delta) });
    gradients.push({ name: bias.name, tensor: tf.sum(delta, 0) });
    if (l > 0) delta = tf.mul(tf.matMul(delta, tf.transpose(kernel)), tf.step(a));
  }
  const inputDelta = (): tfjs.Tensor2D => tf.matMul(delta, tf.transpose(layers[0].kernel));
  return { loss, gradients, inputDelta };
}

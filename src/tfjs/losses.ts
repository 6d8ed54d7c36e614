import type * as tfTypes from '@tensorflow/tfjs';
import type { Tensor, TensorFlow } from './tensorflow.js';

/*
 * Losses of single examples: each function takes labels [k, m] and predictions or logits [k, m] and
 * gives [k].
 *
 * The two that start from logits bring their own gradient. For a well-trained network p is close to
 * the label and p − t cancels: at p = 1 − 1e-9 float32 leaves nothing of it. Sums of small terms
 * without a difference keep the relative accuracy of every element.
 */

/** Probabilities are clipped to [ε, 1 − ε], as TensorFlow.js does. */
const EPSILON = 1e-7;

/**
 * −Σ_j t_j log softmax(x)_j; its gradient p_j Σt − t_j is computed as
 * p_j (Σt − t_j) − t_j (1 − p_j), with 1 − p_j for the largest p_j, where it would cancel, as the
 * sum of the other probabilities.
 */
export function softmaxCrossEntropy(tf: TensorFlow, labels: Tensor, logits: Tensor): Tensor {
  return withGradient(tf, logits, (x) => {
    const shifted = tf.sub(x, tf.max(x, 1, true));
    const e = tf.exp(shifted);
    const sum = tf.sum(e, 1, true);
    const p = tf.div(e, sum);
    const largest = tf.cast(tf.oneHot(tf.argMax(x, 1), x.shape[1] as number), 'float32');
    const others = tf.sub(1, largest);
    const rest = tf.div(tf.sum(tf.mul(e, others), 1, true), sum);
    const complement = tf.add(tf.mul(largest, rest), tf.mul(others, tf.sub(1, p)));
    const total = tf.sum(labels, 1, true);
    return {
      value: tf.sum(tf.mul(labels, tf.sub(tf.log(sum), shifted)), 1),
      gradient: tf.sub(tf.mul(p, tf.sub(total, labels)), tf.mul(labels, complement)),
    };
  });
}

/**
 * Mean over the outputs of log(1 + eˣ) − t x; its gradient σ(x) − t is computed as
 * (1 − t) σ(x) − t σ(−x).
 */
export function sigmoidCrossEntropy(tf: TensorFlow, labels: Tensor, logits: Tensor): Tensor {
  return withGradient(tf, logits, (x) => {
    const off = tf.mul(tf.sub(1, labels), tf.sigmoid(x));
    const on = tf.mul(labels, tf.sigmoid(tf.neg(x)));
    return {
      value: tf.mean(tf.sub(tf.softplus(x), tf.mul(labels, x)), 1),
      gradient: tf.div(tf.sub(off, on), x.shape[1] as number),
    };
  });
}

/** −Σ_j t_j log p_j with p scaled to the sum 1 and clipped. */
export function categoricalCrossEntropy(tf: TensorFlow, labels: Tensor, p: Tensor): Tensor {
  const scaled = tf.div(p, tf.sum(p, 1, true));
  return tf.neg(tf.sum(tf.mul(labels, tf.log(clip(tf, scaled))), 1));
}

/** −mean_j (t_j log p_j + (1 − t_j) log(1 − p_j)) with p clipped. */
export function binaryCrossEntropy(tf: TensorFlow, labels: Tensor, p: Tensor): Tensor {
  const clipped = clip(tf, p);
  const on = tf.mul(labels, tf.log(clipped));
  const off = tf.mul(tf.sub(1, labels), tf.log(tf.sub(1, clipped)));
  return tf.neg(tf.mean(tf.add(on, off), 1));
}

/** mean_j (y_j − t_j)². */
export function meanSquaredError(tf: TensorFlow, labels: Tensor, y: Tensor): Tensor {
  return tf.mean(tf.square(tf.sub(y, labels)), 1);
}

function clip(tf: TensorFlow, p: Tensor): Tensor {
  return tf.clipByValue(p, EPSILON, 1 - EPSILON);
}

/** Evaluates `f` at x, with the gradient [k, m] of the values [k] as `f` gives it. */
function withGradient(
  tf: TensorFlow,
  x: Tensor,
  f: (x: Tensor) => { value: Tensor; gradient: Tensor },
): Tensor {
  const operation = tf.customGrad((input, save) => {
    const { value, gradient } = f(input as Tensor);
    (save as tfTypes.GradSaveFunc)([gradient]);
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) => tf.mul(tf.expandDims(dy, 1), saved[0]),
    };
  });
  return operation(x);
}

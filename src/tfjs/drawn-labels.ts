import type { Random } from './random.js';
import type { Tensor, TensorFlow } from './tensorflow.js';

/*
 * Labels from the distribution that a model's outputs stand for, of which the loss is the negative
 * logarithm: each function takes outputs [k, m] and gives labels [k, m]. They count as constants: no
 * gradient goes through them.
 */

/** Draws labels for the outputs of k examples. */
export type Draw = (tf: TensorFlow, outputs: Tensor, random: Random) => Tensor;

/** One class each, by the softmax of logits. */
export function drawFromLogits(tf: TensorFlow, logits: Tensor, random: Random): Tensor {
  return constant(tf, logits, (x) => {
    const noise = filled(tf, x.shape, () => random.gumbel());
    return tf.cast(tf.oneHot(tf.argMax(tf.add(x, noise), 1), x.shape[1] as number), 'float32');
  });
}

/** One class each, by probabilities, whose sum need not be 1. */
export function drawFromProbabilities(tf: TensorFlow, p: Tensor, random: Random): Tensor {
  return drawFromLogits(
    tf,
    constant(tf, p, (x) => tf.log(x)),
    random,
  );
}

/** 0 or 1 for each output, by the sigmoid of logits. */
export function drawBitsFromLogits(tf: TensorFlow, logits: Tensor, random: Random): Tensor {
  return constant(tf, logits, (x) => {
    // The difference of two Gumbel numbers is logistic.
    const noise = filled(tf, x.shape, () => random.gumbel() - random.gumbel());
    return tf.cast(tf.greater(tf.add(x, noise), 0), 'float32');
  });
}

/** 0 or 1 for each output, by its probability. */
export function drawBits(tf: TensorFlow, p: Tensor, random: Random): Tensor {
  return constant(tf, p, (x) =>
    tf.cast(
      tf.less(
        filled(tf, x.shape, () => random.uniform()),
        x,
      ),
      'float32',
    ),
  );
}

/** Normal about each of m outputs, variance m/2: the mean of squares is its −log but for a constant. */
export function drawNormal(tf: TensorFlow, y: Tensor, random: Random): Tensor {
  return constant(tf, y, (x) => {
    const deviation = Math.sqrt((x.shape[1] as number) / 2);
    return tf.add(
      x,
      filled(tf, x.shape, () => deviation * random.normal()),
    );
  });
}

function filled(tf: TensorFlow, shape: readonly number[], next: () => number): Tensor {
  const [k, m] = shape;
  return tf.tensor(Float32Array.from({ length: k * m }, next), [k, m]);
}

/** f(x), through which no gradient goes. */
function constant(tf: TensorFlow, x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  const operation = tf.customGrad((input) => ({
    value: f(input as Tensor),
    gradFunc: (dy: Tensor) => tf.zerosLike(dy),
  }));
  return operation(x);
}

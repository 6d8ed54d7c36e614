import type { Tensor, TensorFlow } from '../tensorflow.js';

/** Runs `f`, which has the channels last, on an image of either order of axes. */
export function channelsLast(
  tf: TensorFlow,
  dataFormat: string,
  x: Tensor,
  f: (x: Tensor) => Tensor,
): Tensor {
  if (dataFormat !== 'channelsFirst') return f(x);
  return tf.transpose(f(tf.transpose(x, [0, 2, 3, 1])), [0, 3, 1, 2]);
}

/** Runs `f`, which takes images, on sequences [k, times, channels] as images of one column. */
export function asImages(tf: TensorFlow, x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  if (x.rank === 4) return f(x);
  const y = f(tf.expandDims(x, 2));
  return tf.reshape(y, [y.shape[0], y.shape[1] as number, y.shape[3] as number]);
}

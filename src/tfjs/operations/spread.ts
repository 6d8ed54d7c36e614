import type { Windows } from '../layers/windows.js';
import type { Tensor, TensorFlow } from '../tensorflow.js';

/**
 * The deltas of windows [k, output height, output width, c] at the places of the image where the
 * windows begin, zeros between them, and around them as many that a pass of the mirrored kernel over
 * the result gives the size of the image.
 */
export function spreadDeltas(tf: TensorFlow, deltas: Tensor, windows: Windows): Tensor {
  const { input, kernel, strides, dilations, before, output } = windows;
  const spread = withGaps(tf, deltas, strides);
  const around = [0, 1].map((a): [number, number] => {
    const reach = (kernel[a] - 1) * dilations[a];
    const length = (output[a] - 1) * strides[a] + 1;
    return [reach - before[a], input[a] - length + before[a]];
  });
  return tf.pad(spread, [[0, 0], ...around, [0, 0]]);
}

/** Zeros between the rows and columns: s − 1 of them in a direction of stride s. */
function withGaps(tf: TensorFlow, x: Tensor, [sy, sx]: readonly [number, number]): Tensor {
  if (sy === 1 && sx === 1) return x;
  const [k, height, width, channels] = x.shape as [number, number, number, number];
  const columns = tf.pad(tf.reshape(x, [k * height * width, 1, channels]), [
    [0, 0],
    [0, sx - 1],
    [0, 0],
  ]);
  const rows = tf.pad(tf.reshape(columns, [k * height, 1, width * sx * channels]), [
    [0, 0],
    [0, sy - 1],
    [0, 0],
  ]);
  const image = tf.reshape(rows, [k, height * sy, width * sx, channels]);
  const [y, z] = [(height - 1) * sy + 1, (width - 1) * sx + 1];
  return tf.slice(image, [0, 0, 0, 0], [k, y, z, channels]);
}

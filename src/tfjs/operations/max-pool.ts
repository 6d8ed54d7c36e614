import type * as tfTypes from '@tensorflow/tfjs';
import { paddingOf, type Windows } from '../layers/windows.js';
import type { Tensor, TensorFlow } from '../tensorflow.js';

type Image = tfTypes.Tensor4D;

/**
 * The maxima of the windows of x [k, height, width, channels], differentiable by x: the delta of a
 * window goes to its first largest value.
 *
 * The gradient is written here because the wasm backend's is wrong: it sends the delta of a window
 * whose maximum is not above 0 to the window's first value.
 */
export function maxPool(tf: TensorFlow, x: Tensor, windows: Windows): Tensor {
  const { kernel, strides } = windows;
  const operation = tf.customGrad((image, save) => {
    (save as tfTypes.GradSaveFunc)([image as Tensor]);
    return {
      value: tf.maxPool(
        image as Image,
        [kernel[0], kernel[1]],
        [strides[0], strides[1]],
        paddingOf(windows),
      ),
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        tf.tensor(
          toLargest(windows, saved[0].dataSync() as Float32Array, dy.dataSync() as Float32Array),
          saved[0].shape,
        ),
    };
  });
  return operation(x);
}

/** The largest value of each channel over all places of x [k, places, channels]. */
export function maxOverPlaces(tf: TensorFlow, x: Tensor): Tensor {
  const [k, places, channels] = x.shape as [number, number, number];
  const windows: Windows = {
    input: [1, places],
    channels,
    kernel: [1, places],
    strides: [1, places],
    dilations: [1, 1],
    before: [0, 0],
    output: [1, 1],
  };
  const operation = tf.customGrad((values, save) => {
    (save as tfTypes.GradSaveFunc)([values as Tensor]);
    return {
      value: tf.max(values as Tensor, 1),
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        tf.tensor(
          toLargest(windows, saved[0].dataSync() as Float32Array, dy.dataSync() as Float32Array),
          [k, places, channels],
        ),
    };
  });
  return operation(x);
}

/** The deltas of windows at the first largest value of each, in an image of zeros otherwise. */
export function toLargest(windows: Windows, x: Float32Array, deltas: Float32Array): Float32Array {
  const { input, channels, kernel, strides, before, output } = windows;
  const [height, width] = input;
  const gradients = new Float32Array(x.length);
  const k = x.length / (height * width * channels);
  let d = 0;
  for (let n = 0; n < k; n++) {
    for (let oy = 0; oy < output[0]; oy++) {
      const [top, bottom] = range(oy * strides[0] - before[0], kernel[0], height);
      for (let ox = 0; ox < output[1]; ox++) {
        const [left, right] = range(ox * strides[1] - before[1], kernel[1], width);
        for (let c = 0; c < channels; c++, d++) {
          const delta = deltas[d];
          if (delta === 0) continue;
          let best = ((n * height + top) * width + left) * channels + c;
          for (let y = top; y < bottom; y++) {
            let at = ((n * height + y) * width + left) * channels + c;
            for (let z = left; z < right; z++, at += channels) if (x[at] > x[best]) best = at;
          }
          gradients[best] += delta;
        }
      }
    }
  }
  return gradients;
}

/** The part of a window that lies in the image. */
function range(start: number, length: number, size: number): [number, number] {
  return [Math.max(start, 0), Math.min(start + length, size)];
}

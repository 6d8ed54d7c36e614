import type { Windows } from '../layers/windows.js';
import type { Pace } from '../pace.js';

/**
 * The windows of images as rows [k, places, kh · kw · in], zeros where they lie outside: what K-FAC sums
 * the products of, and no gradient here is made from.
 *
 * @param inputs [k, height, width, in].
 */
export async function windowPatches(
  { input, channels, kernel, strides, dilations, before, output }: Windows,
  inputs: Float32Array,
  pace: Pace,
): Promise<Float32Array> {
  const [height, width] = input;
  const k = inputs.length / (height * width * channels);
  const patches = new Float32Array(k * output[0] * output[1] * kernel[0] * kernel[1] * channels);
  let to = 0;
  for (let n = 0; n < k; n++) {
    for (let oy = 0; oy < output[0]; oy++) {
      for (let ox = 0; ox < output[1]; ox++) {
        for (let i = 0; i < kernel[0]; i++) {
          const y = oy * strides[0] - before[0] + i * dilations[0];
          for (let j = 0; j < kernel[1]; j++, to += channels) {
            const x = ox * strides[1] - before[1] + j * dilations[1];
            if (y < 0 || y >= height || x < 0 || x >= width) continue;
            const from = ((n * height + y) * width + x) * channels;
            for (let c = 0; c < channels; c++) patches[to + c] = inputs[from + c];
          }
        }
      }
      if (pace.due()) await pace.rest();
    }
  }
  return patches;
}

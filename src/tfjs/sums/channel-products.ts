import type { Windows } from '../layers/windows.js';
import type { ExampleGradients } from '../step.js';

/**
 * Gradients of a depthwise kernel [kh, kw, in, m]: over the windows of an image the sums of the
 * products of an input channel and the deltas of its m outputs, in float64.
 *
 * @param inputs [k, height, width, in].
 * @param deltas [k, output height, output width, in · m].
 */
export function channelProducts(
  windows: Windows,
  inputs: Float32Array,
  deltas: Float32Array,
  m: number,
): ExampleGradients {
  const { input, channels, kernel, strides, dilations, before, output } = windows;
  const [height, width] = input;
  const imageSize = height * width * channels;
  const outputs = channels * m;
  const deltaSize = output[0] * output[1] * outputs;

  function addPlace(sum: Float64Array, to: number, from: number, at: number): void {
    for (let c = 0; c < channels; c++) {
      const x = inputs[from + c];
      for (let q = c * m; q < (c + 1) * m; q++) sum[to + q] += x * deltas[at + q];
    }
  }

  return {
    async add(n, sum, pace) {
      for (let oy = 0; oy < output[0]; oy++) {
        for (let ox = 0; ox < output[1]; ox++) {
          const at = n * deltaSize + (oy * output[1] + ox) * outputs;
          for (let i = 0; i < kernel[0]; i++) {
            const y = oy * strides[0] - before[0] + i * dilations[0];
            if (y < 0 || y >= height) continue;
            for (let j = 0; j < kernel[1]; j++) {
              const x = ox * strides[1] - before[1] + j * dilations[1];
              if (x < 0 || x >= width) continue;
              const from = n * imageSize + (y * width + x) * channels;
              addPlace(sum, (i * kernel[1] + j) * outputs, from, at);
            }
          }
          if (pace.due()) await pace.rest();
        }
      }
    },
  };
}

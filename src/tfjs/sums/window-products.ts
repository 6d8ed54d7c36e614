import type { FactoredGradients } from '../../parameters.js';
import type { Windows } from '../layers/windows.js';
import type { Pace } from '../pace.js';
import type { ExampleGradients } from '../step.js';
import { allFinite } from './finite.js';
import { windowPatches } from './window-patches.js';
import { windowStrips } from './window-strips.js';

/** Outputs from which copying the windows pays, where deltas are not sparse. */
const MANY = 8;

/**
 * Gradients of a convolution's kernel [kh, kw, in, out]: over the windows of an image the sum of
 * window · deltaᵀ, in float64. Examples with many deltas that are not 0 go by windowStrips, the others
 * by windowRuns.
 *
 * @param inputs [k, height, width, in].
 * @param deltas [k, output height, output width, out].
 */
export function windowProducts(
  windows: Windows,
  inputs: Float32Array,
  deltas: Float32Array,
  outputs: number,
): ExampleGradients {
  const positions = windows.output[0] * windows.output[1];
  const placeFactors = async (pace: Pace): Promise<FactoredGradients> => ({
    inputs: await windowPatches(windows, inputs, pace),
    deltas,
    positions,
  });
  const runs = windowRuns(windows, inputs, deltas, outputs);
  if (outputs < MANY) return { ...runs, placeFactors };
  const strips = windowStrips(windows, inputs, deltas, outputs);
  const size = positions * outputs;
  return {
    placeFactors,
    add(n, sum, pace) {
      let zeros = 0;
      for (let d = n * size; d < (n + 1) * size; d++) if (deltas[d] === 0) zeros++;
      return (zeros < (2 / 3) * size ? strips : runs).add(n, sum, pace);
    },
  };
}

/**
 * No matrix of patches is made. A window is kh runs of kw · in values that lie together in the
 * image (kw runs of `in` where it is dilated), and a run times one delta is added to the sums of that
 * output, which stay in the first-level cache. Deltas that are 0 cost nothing: behind a max pooling
 * and a ReLU most are.
 */
function windowRuns(
  windows: Windows,
  inputs: Float32Array,
  deltas: Float32Array,
  outputs: number,
): ExampleGradients {
  const { input, channels, kernel, strides, dilations, before, output } = windows;
  const [height, width] = input;
  const imageSize = height * width * channels;
  const deltaSize = output[0] * output[1] * outputs;
  const rows = kernel[0] * kernel[1] * channels;
  const touching = dilations[1] === 1 ? kernel[1] : 1;
  const sums = new Float64Array(rows);

  /** Adds delta times the window at row `top` and column `left` of the image x. */
  function addWindow(x: Float32Array, top: number, left: number, delta: number): void {
    for (let i = 0; i < kernel[0]; i++) {
      const y = top + i * dilations[0];
      if (y < 0 || y >= height) continue;
      for (let j = 0; j < kernel[1]; j += touching) {
        const x0 = left + j * dilations[1];
        const skipped = Math.max(-x0, 0);
        const taken = Math.min(x0 + touching, width) - x0;
        let from = (y * width + x0 + skipped) * channels;
        let to = (i * kernel[1] + j + skipped) * channels;
        for (let c = (taken - skipped) * channels; c > 0; c--) sums[to++] += delta * x[from++];
      }
    }
  }

  return {
    async add(n, sum, pace) {
      const x = inputs.subarray(n * imageSize, (n + 1) * imageSize);
      const skipZeros = allFinite(x);
      for (let o = 0; o < outputs; o++) {
        sums.fill(0);
        let d = n * deltaSize + o;
        for (let oy = 0; oy < output[0]; oy++) {
          const top = oy * strides[0] - before[0];
          for (let ox = 0; ox < output[1]; ox++, d += outputs) {
            if (deltas[d] === 0 && skipZeros) continue;
            addWindow(x, top, ox * strides[1] - before[1], deltas[d]);
          }
          if (pace.due()) await pace.rest();
        }
        for (let r = 0; r < rows; r++) sum[r * outputs + o] += sums[r];
      }
    },
  };
}

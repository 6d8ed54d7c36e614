import type { ExampleGradients } from '../step.js';

/**
 * Gradients of a table [rows, width] by the rows that were looked up.
 *
 * @param indices [k, places].
 * @param deltas [k, places, width].
 */
export function lookedUpRows(
  places: number,
  width: number,
  indices: Float32Array,
  deltas: Float32Array,
): ExampleGradients {
  return {
    add(n, sum) {
      for (let p = n * places; p < (n + 1) * places; p++) {
        const row = Math.trunc(indices[p]) * width;
        for (let j = 0; j < width; j++) sum[row + j] += deltas[p * width + j];
      }
    },
  };
}

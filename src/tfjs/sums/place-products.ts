import type { ExampleGradients } from '../step.js';
import { addStrip, stripOf } from './strip-products.js';

/**
 * Gradients of a kernel [in, out] that is used at the p places of an example: the sum of the outer
 * products input · deltaᵀ, in float64.
 *
 * @param inputs [k, p, in].
 * @param deltas [k, p, out].
 * @param columns The outputs that the inputs went to; the others get nothing. Default: all.
 */
export function placeProducts(
  places: number,
  inputs: Float32Array,
  deltas: Float32Array,
  outputs: number,
  [first, end]: readonly [number, number] = [0, outputs],
): ExampleGradients {
  const rows = (inputs.length / deltas.length) * outputs;
  const strip = stripOf(places, rows, end - first);
  const { capacity } = strip;

  function fill(begin: number, count: number): void {
    for (let p = 0; p < count; p++) {
      const x = (begin + p) * rows;
      const d = (begin + p) * outputs + first;
      for (let r = 0; r < rows; r++) strip.inputs[r * capacity + p] = inputs[x + r];
      for (let o = 0; o < end - first; o++) strip.deltas[o * capacity + p] = deltas[d + o];
    }
  }

  const whole = first === 0 && end === outputs;
  return {
    ...(whole && { placeFactors: () => ({ inputs, deltas, positions: places }) }),
    async add(n, sum, pace) {
      for (let p = 0; p < places; p += capacity) {
        const count = Math.min(capacity, places - p);
        fill(n * places + p, count);
        await addStrip(strip, sum, count, first, outputs, pace);
      }
    },
  };
}

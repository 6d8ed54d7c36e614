import type { Windows } from '../layers/windows.js';
import type { ExampleGradients } from '../step.js';
import { addStrip, stripOf } from './strip-products.js';

/**
 * The gradients that windowProducts gives, for deltas of which most are not 0: windows are copied to a
 * strip, a few hundred at a time, and multiplied there.
 *
 * @param inputs [k, height, width, in].
 * @param deltas [k, output height, output width, out].
 */
export function windowStrips(
  { input, channels, kernel, strides, dilations, before, output }: Windows,
  inputs: Float32Array,
  deltas: Float32Array,
  outputs: number,
): ExampleGradients {
  const [height, width] = input;
  const places = output[0] * output[1];
  const strip = stripOf(places, kernel[0] * kernel[1] * channels, outputs);
  const { capacity } = strip;

  function copyWindow(n: number, place: number, p: number): void {
    const top = Math.floor(place / output[1]) * strides[0] - before[0];
    const left = (place % output[1]) * strides[1] - before[1];
    let to = p;
    for (let i = 0; i < kernel[0]; i++) {
      const y = top + i * dilations[0];
      for (let j = 0; j < kernel[1]; j++) {
        const x = left + j * dilations[1];
        const inside = y >= 0 && y < height && x >= 0 && x < width;
        const from = ((n * height + y) * width + x) * channels;
        for (let c = 0; c < channels; c++, to += capacity) {
          strip.inputs[to] = inside ? inputs[from + c] : 0;
        }
      }
    }
    const d = (n * places + place) * outputs;
    for (let o = 0; o < outputs; o++) strip.deltas[o * capacity + p] = deltas[d + o];
  }

  return {
    async add(n, sum, pace) {
      for (let begin = 0; begin < places; begin += capacity) {
        const count = Math.min(capacity, places - begin);
        for (let p = 0; p < count; p++) copyWindow(n, begin + p, p);
        await addStrip(strip, sum, count, 0, outputs, pace);
      }
    },
  };
}

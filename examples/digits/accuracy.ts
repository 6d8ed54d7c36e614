import { setImmediate } from 'node:timers/promises';
import type { Parameter } from '../../src/parameters.js';
import { PIXELS, type Split } from './idx.js';
import { largest } from './largest.js';
import { transpose } from './networks.js';

/** One layer: the kernel [in, out] and the bias [out]. */
interface Layer {
  outputs: number;
  kernel: Float32Array;
  bias: Float32Array;
}

/** Images between two turns of the event loop, about 5 ms. */
const IMAGES_PER_TURN = 64;

/**
 * Share of the images that a network gets right, in plain JavaScript: weights in float32, sums in
 * float64.
 *
 * @param parameters Weight, bias, weight, bias, … from the first layer to the last; a weight is
 *   [out, in], or [in, out] with `outputAxis` 1 (the layout of TensorFlow.js).
 */
export async function accuracy(
  parameters: readonly Pick<Parameter, 'shape' | 'data' | 'outputAxis'>[],
  { images, labels }: Split,
): Promise<number> {
  const layers = layersOf(parameters);
  let correct = 0;
  for (let n = 0; n < labels.length; n++) {
    let values = new Float64Array(images.subarray(n * PIXELS, (n + 1) * PIXELS));
    layers.forEach((layer, l) => {
      values = apply(layer, values, l < layers.length - 1);
    });
    if (largest(values) === labels[n]) correct++;
    if (n % IMAGES_PER_TURN === IMAGES_PER_TURN - 1) await setImmediate();
  }
  return correct / labels.length;
}

function layersOf(
  parameters: readonly Pick<Parameter, 'shape' | 'data' | 'outputAxis'>[],
): Layer[] {
  return Array.from({ length: parameters.length / 2 }, (_, l) => {
    const weight = parameters[2 * l];
    const outputsFirst = (weight.outputAxis ?? 0) === 0;
    const [rows, columns] = weight.shape;
    return {
      outputs: outputsFirst ? rows : columns,
      kernel: outputsFirst ? transpose(weight.data, rows, columns) : weight.data,
      bias: parameters[2 * l + 1].data,
    };
  });
}

/**
 * x·kernel + bias. Values that are 0, four of five in an image, are left out; the others are taken
 * by fours, so that a sum is loaded and stored once for four products.
 */
function apply(layer: Layer, x: Float64Array, relu: boolean): Float64Array<ArrayBuffer> {
  const { outputs, kernel, bias } = layer;
  const rows: number[] = [];
  const values: number[] = [];
  x.forEach((value, i) => {
    if (value === 0) return;
    rows.push(i * outputs);
    values.push(value);
  });
  while (rows.length % 4 !== 0) {
    rows.push(0);
    values.push(0);
  }
  const y = new Float64Array(bias);
  for (let a = 0; a < rows.length; a += 4) {
    const [r0, r1, r2, r3] = [rows[a], rows[a + 1], rows[a + 2], rows[a + 3]];
    const [x0, x1, x2, x3] = [values[a], values[a + 1], values[a + 2], values[a + 3]];
    for (let j = 0; j < outputs; j++) {
      y[j] += x0 * kernel[r0 + j] + x1 * kernel[r1 + j] + x2 * kernel[r2 + j] + x3 * kernel[r3 + j];
    }
  }
  if (relu) for (let j = 0; j < outputs; j++) y[j] = Math.max(y[j], 0);
  return y;
}

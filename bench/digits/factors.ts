import { openSafetensors } from '../../src/formats/safetensors/reader.js';
import type { FactoredGradients } from '../../src/index.js';

/** The factors of all samples by weight: `fc1.weight`, … */
export type LayerFactors = Record<string, FactoredGradients>;

/** Reads what `writeFactors` has written. */
export async function readFactors(path: string, weights: readonly string[]): Promise<LayerFactors> {
  const file = await openSafetensors(path);
  try {
    const factors: LayerFactors = {};
    for (const weight of weights) {
      factors[weight] = {
        inputs: await file.read(`${weight}.inputs`),
        deltas: await file.read(`${weight}.deltas`),
      };
    }
    return factors;
  } finally {
    await file.close();
  }
}

/** Samples in batches of `batch`, on the same memory. */
export function inBatches(factors: LayerFactors, samples: number, batch: number): LayerFactors[] {
  const rows = (array: Float32Array, first: number): Float32Array => {
    const width = array.length / samples;
    return array.subarray(first * width, (first + batch) * width);
  };
  return Array.from({ length: samples / batch }, (_, i) =>
    Object.fromEntries(
      Object.entries(factors).map(([weight, { inputs, deltas }]) => [
        weight,
        { inputs: rows(inputs, i * batch), deltas: rows(deltas, i * batch) },
      ]),
    ),
  );
}

/** The gradients of weights `start` … `end - 1` of a layer [out, in], a row a sample. */
export function gradientRows(
  { inputs, deltas }: FactoredGradients,
  samples: number,
  { start, end }: { start: number; end: number },
): Float64Array[] {
  const ins = inputs.length / samples;
  const outs = deltas.length / samples;
  return Array.from({ length: samples }, (_, n) =>
    Float64Array.from({ length: end - start }, (_, j) => {
      const output = Math.floor((start + j) / ins);
      return inputs[n * ins + ((start + j) % ins)] * deltas[n * outs + output];
    }),
  );
}

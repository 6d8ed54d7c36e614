import { optionError } from '../errors.js';
import { type FactorOptions, type LayerFactors, layerFactors } from './factors.js';
import type { Labels } from './labels.js';
import { type Pace, pacer } from './pace.js';
import type { LayersModel, Tensor } from './tensorflow.js';

export interface MeanGradientOptions extends FactorOptions {
  /** m, the examples whose mean loss a sample is the gradient of. */
  examplesPerSample: number;
  /** Samples that are given together. Default 1. */
  samplesPerBatch?: number;
  /** Whether the gradients of the biases [k, out] are given too. Default false. */
  biases?: boolean;
}

/** Multiplications between two looks at the clock: well under a millisecond. */
const PIECE = 2 ** 17;

/**
 * Gradients of the mean loss of m examples at a time: samples for `prune` and `BlockFisher` with
 * `examplesPerSample: m`, m times fewer than {@link perExampleGradients} gives.
 *
 * Any m goes: examples pass in pieces of `batchSize`, and their gradients are summed in float64. The
 * last n mod m examples are left out, since the mean of fewer is on another scale. With
 * `fisher: 'true'` every example's draws go into the mean one behind the other.
 *
 * Takes the same models, inputs and labels and throws the same errors as perExampleGradients.
 *
 * @yields For each kernel its gradients [k, in, out], k = `samplesPerBatch`, in the last batch what is
 *   left. The arrays are the consumer's.
 * @example
 * const gradients = meanGradients(model, images, labels, { examplesPerSample: 32 });
 * await prune({ parameters, gradients, examplesPerSample: 32, fisherScale: 'examples', sparsity: 0.9 });
 */
export async function* meanGradients(
  model: LayersModel,
  inputs: Tensor | Float32Array,
  labels: Labels | undefined,
  options: MeanGradientOptions,
): AsyncGenerator<Record<string, Float32Array>, void, undefined> {
  const { examplesPerSample: m, samplesPerBatch = 1, biases = false, signal } = options;
  for (const [name, value] of Object.entries({ examplesPerSample: m, samplesPerBatch })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw optionError(name, 'a whole number of at least 1', value);
  }
  const pace = pacer({ signal });
  let samples: Record<string, Float32Array>[] = [];
  let sums: Record<string, Float64Array> = {};
  let summed = 0;
  for await (const { examples, layers } of layerFactors(model, inputs, labels, options)) {
    for (let from = 0; from < examples; ) {
      const to = Math.min(examples, from + m - summed);
      for (const layer of layers) await addLayer(sums, layer, from, to, biases, pace);
      summed += to - from;
      from = to;
      if (summed < m) continue;
      samples.push(meansOf(sums, m));
      sums = {};
      summed = 0;
      if (samples.length < samplesPerBatch) continue;
      yield joined(samples);
      samples = [];
    }
  }
  if (samples.length > 0) yield joined(samples);
}

/** Adds the gradients of examples [from, to) of a batch. */
async function addLayer(
  sums: Record<string, Float64Array>,
  { kernel, bias, inputs, deltas, in: rows, out: columns }: LayerFactors,
  from: number,
  to: number,
  biases: boolean,
  pace: Pace,
): Promise<void> {
  sums[kernel] ??= new Float64Array(rows * columns);
  const sum = sums[kernel];
  const rowsPerPiece = Math.max(1, Math.floor(PIECE / columns));
  for (let n = from; n < to; n++) {
    const delta = deltas.subarray(n * columns, (n + 1) * columns);
    const skipZeros = delta.every(Number.isFinite);
    for (let first = 0; first < rows; first += rowsPerPiece) {
      const end = Math.min(first + rowsPerPiece, rows);
      for (let i = first; i < end; i++) {
        const a = inputs[n * rows + i];
        if (a === 0 && skipZeros) continue;
        for (let j = 0; j < columns; j++) sum[i * columns + j] += a * delta[j];
      }
      if (pace.due()) await pace.rest();
    }
    if (!biases || bias === undefined) continue;
    sums[bias] ??= new Float64Array(columns);
    for (let j = 0; j < columns; j++) sums[bias][j] += delta[j];
  }
}

function meansOf(sums: Record<string, Float64Array>, m: number): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(sums).map(([name, sum]) => [name, Float32Array.from(sum, (g) => g / m)]),
  );
}

function joined(samples: readonly Record<string, Float32Array>[]): Record<string, Float32Array> {
  const [first] = samples;
  if (samples.length === 1) return first;
  return Object.fromEntries(
    Object.entries(first).map(([name, { length }]) => {
      const all = new Float32Array(samples.length * length);
      for (const [k, sample] of samples.entries()) all.set(sample[name], k * length);
      return [name, all];
    }),
  );
}

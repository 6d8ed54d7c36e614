import { sizeOf } from '../blocks/block-shape.js';
import { checkWhole } from '../options.js';
import type { FactoredGradients } from '../parameters.js';
import type { Labels } from './labels.js';
import type { FactorOptions } from './options.js';
import { type Pace, pacer } from './pace.js';
import { gradientPasses, type ParameterGradients } from './passes.js';
import type { LayersModel, Tensor } from './tensorflow.js';

export interface MeanGradientOptions extends FactorOptions {
  /** m, the examples whose mean loss a sample is the gradient of. */
  examplesPerSample: number;
  /** Samples that are given together. Default 1. */
  samplesPerBatch?: number;
  /** Whether the gradients of the parameters that are not prunable are given too. Default false. */
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
 * @yields For each prunable parameter its gradients [k, ...shape], k = `samplesPerBatch`, in the last batch what is
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
  checkWhole('examplesPerSample', m);
  checkWhole('samplesPerBatch', samplesPerBatch);
  const pace = pacer({ signal });
  let samples: Record<string, Float32Array>[] = [];
  let sums: Record<string, Float64Array> = {};
  let summed = 0;
  const missing = (): number => m - summed;
  for await (const pass of gradientPasses(model, inputs, labels, options, biases, missing)) {
    const { examples, together, parameters } = pass;
    for (let from = 0; from < examples; ) {
      const to = together > 1 ? 1 : Math.min(examples, from + m - summed);
      for (const parameter of parameters) await addExamples(sums, parameter, from, to, pace);
      summed += (to - from) * together;
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

/** Adds the gradients of examples [from, to) of a pass. */
async function addExamples(
  sums: Record<string, Float64Array>,
  { name, shape, factors, add }: ParameterGradients,
  from: number,
  to: number,
  pace: Pace,
): Promise<void> {
  sums[name] ??= new Float64Array(sizeOf(shape));
  for (let n = from; n < to; n++) {
    if (factors) await addProduct(sums[name], factors, n, shape, pace);
    else await add(n, sums[name], pace);
    if (pace.due()) await pace.rest();
  }
}

/** Adds the outer product of example n. */
async function addProduct(
  sum: Float64Array,
  { inputs, deltas }: FactoredGradients,
  n: number,
  [rows, columns]: readonly number[],
  pace: Pace,
): Promise<void> {
  const delta = deltas.subarray(n * columns, (n + 1) * columns);
  const skipZeros = delta.every(Number.isFinite);
  const rowsPerPiece = Math.max(1, Math.floor(PIECE / columns));
  for (let first = 0; first < rows; first += rowsPerPiece) {
    const end = Math.min(first + rowsPerPiece, rows);
    for (let i = first; i < end; i++) {
      const a = inputs[n * rows + i];
      if (a === 0 && skipZeros) continue;
      for (let j = 0; j < columns; j++) sum[i * columns + j] += a * delta[j];
    }
    if (pace.due()) await pace.rest();
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

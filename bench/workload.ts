import type { SolverOption } from '../src/index.js';

/** One Fisher to build: its size, and where the samples come from. */
export interface Workload {
  /** Weights d, a multiple of `blockSize`. */
  weights: number;
  /** B */
  blockSize: number;
  /** N, a multiple of `batch`. */
  samples: number;
  /** Samples a batch. */
  batch: number;
  /** Batches of different values; they are repeated in turn until there are N samples. */
  distinct: number;
  solver: SolverOption;
  /** λ */
  damping: number;
}

/** The same workload over fewer weights: the first ones, so that the values are the same. */
export function shrink(workload: Workload, weights: number): Workload {
  const { blockSize } = workload;
  const blocks = Math.max(1, Math.floor(Math.min(weights, workload.weights) / blockSize));
  return { ...workload, weights: blocks * blockSize };
}

/** The size in the letters of the papers. */
export function sizeText({ weights, blockSize, samples }: Workload): string {
  return `d = ${weights}, B = ${blockSize}, N = ${samples}`;
}

export function blocksOf({ weights, blockSize }: Workload): number {
  return weights / blockSize;
}

/** Sample `n` of a workload has the values of this one of the distinct samples. */
export function distinctSample({ batch, distinct }: Workload, n: number): number {
  return n % (batch * distinct);
}

/** Gradient of distinct sample `n` for weight `j`, the same for every size: uniform in (−0.1, 0.1). */
export function gradientValue(n: number, j: number): number {
  let x = Math.imul(j ^ (n * 0x9e3779b1), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 15), 0xc2b2ae35);
  x = Math.imul(x ^ (x >>> 13), 0x27d4eb2f);
  return Math.fround(((x ^ (x >>> 16)) | 0) * (0.1 / 2 ** 31));
}

/** Fills `rows` [count, weights] with the distinct samples from `sample` on, the weights from `weight` on. */
export function fillSamples(
  rows: Float32Array,
  weights: number,
  from: { sample: number; weight: number },
): void {
  const count = rows.length / weights;
  for (let n = 0; n < count; n++) {
    const start = n * weights;
    for (let j = 0; j < weights; j++) {
      rows[start + j] = gradientValue(from.sample + n, from.weight + j);
    }
  }
}

/** All distinct samples, [batch · distinct, weights]. */
export function distinctSamples({ batch, distinct, weights }: Workload): Float32Array {
  const rows = new Float32Array(batch * distinct * weights);
  fillSamples(rows, weights, { sample: 0, weight: 0 });
  return rows;
}

import { inverseDiagonal } from './inverse-diagonal.js';
import { blocksOf, distinctSample, gradientValue, type Workload } from './workload.js';

/** D of one block by the dense inverse in float64; what every result is checked against. */
export interface ReferenceBlock {
  block: number;
  diagonal: number[];
}

/** The first two blocks, which every smaller size has too, and the last. */
export function referenceBlocks(workload: Workload): ReferenceBlock[] {
  const last = blocksOf(workload) - 1;
  const blocks = [...new Set([0, Math.min(1, last), last])];
  return blocks.map((block) => ({
    block,
    diagonal: [...denseDiagonal(samplesOf(workload, block), workload)],
  }));
}

/** A gradient sample of a block, [B], and how often it comes. */
export interface RepeatedSample {
  g: ArrayLike<number>;
  times: number;
}

/** The diagonal of (λI + (1/N) Σ g gᵀ)⁻¹, without any of the package's code. */
export function denseDiagonal(
  samples: Iterable<RepeatedSample>,
  { blockSize: B, samples: N, damping }: Pick<Workload, 'blockSize' | 'samples' | 'damping'>,
): Float64Array {
  const F = new Float64Array(B * B);
  for (const { g, times } of samples) {
    for (let i = 0; i < B; i++) {
      const scaled = (times / N) * g[i];
      for (let j = 0; j <= i; j++) F[i * B + j] += scaled * g[j];
    }
  }
  for (let i = 0; i < B; i++) F[i * B + i] += damping;
  return inverseDiagonal(F, B);
}

function samplesOf(workload: Workload, block: number): RepeatedSample[] {
  const { blockSize: B } = workload;
  return countDistinct(workload).map((times, n) => ({
    g: Float64Array.from({ length: B }, (_, j) => gradientValue(n, block * B + j)),
    times,
  }));
}

/** How often each distinct sample comes. */
function countDistinct(workload: Workload): number[] {
  const { samples, batch, distinct } = workload;
  const times = new Array<number>(Math.min(samples, batch * distinct)).fill(0);
  for (let n = 0; n < samples; n++) times[distinctSample(workload, n)] += 1;
  return times;
}

/** The largest relative error of a D (of all weights, or of the first ones) at the reference blocks. */
export function largestError(
  diagonal: ArrayLike<number>,
  reference: readonly ReferenceBlock[],
): number {
  let largest = 0;
  let compared = 0;
  for (const { block, diagonal: expected } of reference) {
    const start = block * expected.length;
    if (start + expected.length > diagonal.length) continue;
    compared += 1;
    expected.forEach((value, j) => {
      const error = Math.abs(diagonal[start + j] - value) / value;
      largest = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(largest, error);
    });
  }
  if (compared === 0) throw new Error('D has none of the reference blocks');
  return largest;
}

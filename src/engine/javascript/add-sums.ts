import type { AccumulateJob } from '../kernels.js';

/** gradientSum += g and squareSum += g² of one sample of a block. */
export function addSums(
  { gradientSum, squareSum }: AccumulateJob,
  begin: number,
  order: number,
  sample: Float64Array,
  at: number,
): void {
  for (let c = 0; c < order; c++) {
    const g = sample[at + c];
    gradientSum[begin + c] += g;
    squareSum[begin + c] += g * g;
  }
}

import { BatchMemory } from '../batch-memory.js';
import { type Measured, measure } from '../contender.js';
import { batchBytes, gramBytes, gramFlops, stateBytes } from '../flops.js';
import { type ReferenceBlock, referenceBlocks } from '../reference.js';
import { woodfisher } from '../woodfisher.js';
import { sizeText, type Workload } from '../workload.js';
import { type BenchCase, type CaseOptions, OWN } from './case.js';
import { gramWorkload } from './gram.js';

/** Large to small, so that all use the memory of the largest: 5 GB of samples at 1e7. */
function sizesOf({ quick }: CaseOptions): Workload[] {
  const sizes = quick ? [10_000, 1000] : [1e7, 1e6, 1e5];
  return sizes.map((weights) => ({ ...gramWorkload(50), distinct: 1, weights }));
}

export const resident: BenchCase<ReferenceBlock[][]> = {
  name: 'resident',
  title: (options) =>
    `Gram sums of one resident batch added 8 times; ${sizesOf(options).map(sizeText).join('; ')}`,
  rivals: [],
  work(options) {
    const [largest] = sizesOf(options);
    return {
      flops: gramFlops(largest),
      bytes: gramBytes(largest),
      residentBytes: stateBytes(largest, 'gram') + 2 * batchBytes(largest),
    };
  },
  prepare: async (options) => sizesOf(options).map(referenceBlocks),
  unavailable: async () => undefined,
  async measure(_, references, options) {
    const sizes = sizesOf(options);
    const kind = woodfisher(OWN, { memory: new BatchMemory() });
    const results: { weights: number; measured: Measured }[] = [];
    for (const [i, workload] of sizes.entries()) {
      const measured = await measure(kind, workload, {
        runs: options.runs,
        reference: references[i],
      });
      results.push({ weights: workload.weights, measured });
    }
    const { measured: largest } = results[0];
    return {
      seconds: largest.sum,
      total: largest.sum + largest.invert,
      runs: largest.runs,
      error: Math.max(...results.map(({ measured }) => measured.error)),
      threads: largest.threads,
      values: Object.fromEntries(
        results.map(({ weights, measured }) => [
          `secondsPerWeight${weights.toExponential().replace('+', '')}`,
          measured.sum / weights,
        ]),
      ),
    };
  },
};

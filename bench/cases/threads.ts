import { defaultThreads } from '../../src/pool/threads.js';
import { checkError, type RunTimes } from '../contender.js';
import { batchBytes, gramBytes, gramFlops, stateBytes } from '../flops.js';
import { median } from '../median.js';
import { largestError, type ReferenceBlock, referenceBlocks } from '../reference.js';
import { withoutGarbage } from '../stopwatch.js';
import { woodfisher } from '../woodfisher.js';
import { sizeText, type Workload } from '../workload.js';
import { type BenchCase, type CaseOptions, OWN } from './case.js';
import { gramWorkload } from './gram.js';

function sizeOf({ quick }: CaseOptions): Workload {
  return { ...gramWorkload(50), ...(quick && { weights: 5000, samples: 256, batch: 32 }) };
}

/** One thread and two in turn, so that what else the machine does falls on both. */
export const threads: BenchCase<ReferenceBlock[]> = {
  name: 'threads',
  title: (options) => `Gram sums on one thread and on two, ${sizeText(sizeOf(options))}`,
  rivals: [],
  work(options) {
    const workload = sizeOf(options);
    return {
      flops: gramFlops(workload),
      bytes: gramBytes(workload),
      residentBytes: stateBytes(workload, 'gram') + 2 * batchBytes(workload),
    };
  },
  prepare: async (options) => referenceBlocks(sizeOf(options)),
  unavailable: async () => undefined,
  async measure(_, reference, options) {
    const count = Math.min(2, defaultThreads());
    const contender = await woodfisher(OWN).start(sizeOf(options));
    let error = 0;
    const times: { one: RunTimes; two: RunTimes }[] = [];
    for (let i = 0; i <= options.runs; i++) {
      const one = await withoutGarbage(() => contender.run(1));
      const two = await withoutGarbage(() => contender.run(count));
      if (i > 0) {
        times.push({ one, two });
        continue;
      }
      error = largestError(contender.diagonal(), reference);
      checkError(woodfisher(OWN), error);
    }
    const seconds = median(times.map(({ two }) => two.sum));
    const alone = median(times.map(({ one }) => one.sum));
    return {
      seconds,
      total: median(times.map(({ two }) => two.sum + two.invert)),
      runs: times.length,
      error,
      threads: count,
      values: { oneThreadSeconds: alone, ...(count > 1 && { speedup: alone / seconds }) },
    };
  },
};

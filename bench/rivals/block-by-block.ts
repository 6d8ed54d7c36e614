import type { Contender } from '../contender.js';
import { timed } from '../stopwatch.js';
import { blocksOf, distinctSamples, type Workload } from '../workload.js';

/** What a library of matrices does for one block of B weights; S is its own type. */
export interface BlockArithmetic<S> {
  /** S = 0, [B, B]. */
  zero(B: number): S;
  /** S + GᵀG for `count` samples G [count, B], row-major. */
  addSamples(S: S, G: Float64Array, count: number, B: number): S;
  /** The diagonal of (λI + S/N)⁻¹. */
  inverseDiagonal(S: S, B: number, N: number, damping: number): ArrayLike<number>;
}

/** A user's loop over blocks and batches around a library of matrices; one thread. */
export function blockByBlock<S>(workload: Workload, arithmetic: BlockArithmetic<S>): Contender {
  const { weights, blockSize: B, samples: N, batch, distinct, damping } = workload;
  const rows = distinctSamples(workload);
  const diagonal = new Float64Array(weights);
  const G = new Float64Array(batch * B);

  function copyBlock(first: number, block: number): void {
    for (let n = 0; n < batch; n++) {
      const start = (first + n) * weights + block * B;
      for (let j = 0; j < B; j++) G[n * B + j] = rows[start + j];
    }
  }

  return {
    async run() {
      const sums = Array.from({ length: blocksOf(workload) }, () => arithmetic.zero(B));
      const { seconds: sum } = await timed(() => {
        for (let i = 0; i < N / batch; i++) {
          const first = (i % distinct) * batch;
          sums.forEach((S, block) => {
            copyBlock(first, block);
            sums[block] = arithmetic.addSamples(S, G, batch, B);
          });
        }
      });
      const { seconds: invert } = await timed(() => {
        sums.forEach((S, block) => {
          diagonal.set(arithmetic.inverseDiagonal(S, B, N, damping), block * B);
        });
      });
      return { sum, invert };
    },
    diagonal: () => diagonal,
    threads: () => 1,
  };
}

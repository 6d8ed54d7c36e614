import dgemm from '@stdlib/blas-base-dgemm';
import type { ContenderKind } from '../contender.js';
import { inverseDiagonal } from '../inverse-diagonal.js';
import { type BlockArithmetic, blockByBlock } from './block-by-block.js';

/** There is no dsyrk in @stdlib/blas and no Cholesky: dgemm, and a factorisation of one's own. */
const arithmetic: BlockArithmetic<Float64Array> = {
  zero: (B) => new Float64Array(B * B),
  addSamples: (S, G, count, B) =>
    dgemm('row-major', 'transpose', 'no-transpose', B, B, count, 1, G, B, G, B, 1, S, B),
  inverseDiagonal(S, B, N, damping) {
    const F = S.map((value) => value / N);
    for (let i = 0; i < B; i++) F[i * B + i] += damping;
    return inverseDiagonal(F, B);
  },
};

export const stdlib: ContenderKind = {
  name: 'stdlib',
  title: '@stdlib/blas dgemm, float64',
  tolerance: 1e-6,
  start: async (workload) => blockByBlock(workload, arithmetic),
};

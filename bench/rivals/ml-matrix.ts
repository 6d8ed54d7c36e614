import { inverse, Matrix } from 'ml-matrix';
import type { ContenderKind } from '../contender.js';
import { type BlockArithmetic, blockByBlock } from './block-by-block.js';

const arithmetic: BlockArithmetic<Matrix> = {
  zero: (B) => Matrix.zeros(B, B),
  addSamples: (S, G, count, B) => S.add(Matrix.from1DArray(count, B, G).gram()),
  inverseDiagonal: (S, B, N, damping) =>
    inverse(Matrix.add(Matrix.div(S, N), Matrix.eye(B, B, damping))).diagonal(),
};

export const mlMatrix: ContenderKind = {
  name: 'ml-matrix',
  title: 'ml-matrix gram and inverse, float64',
  tolerance: 1e-6,
  start: async (workload) => blockByBlock(workload, arithmetic),
};

import { dualBytes, dualFlops } from '../flops.js';
import { fisherCase } from './fisher-case.js';

export const dual2000 = fisherCase({
  name: 'dual-2000',
  what: 'Dual, all of it',
  workload: {
    weights: 200_000,
    blockSize: 2000,
    samples: 400,
    batch: 200,
    distinct: 2,
    solver: 'dual',
    damping: 1e-5,
  },
  quick: { weights: 1600, blockSize: 400, samples: 100, batch: 50 },
  about: 'both',
  flops: dualFlops,
  bytes: dualBytes,
  rivals: {
    javascript: { blocks: 10, quickBlocks: 2 },
    'torch-per-block': { blocks: 4, quickBlocks: 1 },
    'torch-matrix-free': { blocks: 20, quickBlocks: 1 },
  },
});

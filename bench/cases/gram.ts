import { gramBytes, gramFlops } from '../flops.js';
import type { Workload } from '../workload.js';
import { fisherCase } from './fisher-case.js';

/** A million weights and 1,024 samples in row-major float32 batches of 128. */
export function gramWorkload(blockSize: number): Workload {
  return {
    weights: Math.floor(1e6 / blockSize) * blockSize,
    blockSize,
    samples: 1024,
    batch: 128,
    distinct: 2,
    solver: 'gram',
    damping: 1e-5,
  };
}

const common = { about: 'sum', flops: gramFlops, bytes: gramBytes } as const;

export const gram50 = fisherCase({
  name: 'gram-50',
  what: 'Gram sums',
  workload: gramWorkload(50),
  quick: { weights: 5000, samples: 256, batch: 32 },
  rivals: {
    javascript: { blocks: 2000, quickBlocks: 20 },
    stdlib: { blocks: 100, quickBlocks: 4 },
    'ml-matrix': { blocks: 100, quickBlocks: 4 },
    'tfjs-wasm': { blocks: 1000, quickBlocks: 8 },
    'torch-rank1': { blocks: 4000, quickBlocks: 8 },
    'torch-per-block': { blocks: 40, quickBlocks: 2 },
    'torch-matrix-free': { blocks: 8, quickBlocks: 2 },
  },
  ...common,
});

export const gram128 = fisherCase({
  name: 'gram-128',
  what: 'Gram sums',
  workload: gramWorkload(128),
  quick: { weights: 1280, samples: 256, batch: 32 },
  rivals: {
    javascript: { blocks: 400, quickBlocks: 4 },
    'torch-rank1': { blocks: 800, quickBlocks: 4 },
  },
  ...common,
});

export const gram512 = fisherCase({
  name: 'gram-512',
  what: 'Gram sums',
  workload: gramWorkload(512),
  quick: { weights: 2048, samples: 128, batch: 32 },
  rivals: {
    javascript: { blocks: 20, quickBlocks: 1 },
    'torch-rank1': { blocks: 50, quickBlocks: 1 },
  },
  ...common,
});

import { gramBytes, gramFlops } from '../flops.js';
import type { Workload } from '../workload.js';
import { type FisherCase, fisherCase } from './fisher-case.js';

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

function gramCase(blockSize: number, { quick, rivals }: Pick<FisherCase, 'quick' | 'rivals'>) {
  return fisherCase({
    name: `gram-${blockSize}`,
    what: 'Gram sums',
    workload: gramWorkload(blockSize),
    about: 'sum',
    flops: gramFlops,
    bytes: gramBytes,
    quick,
    rivals,
  });
}

export const gram50 = gramCase(50, {
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
});

export const gram128 = gramCase(128, {
  quick: { weights: 1280, samples: 256, batch: 32 },
  rivals: {
    javascript: { blocks: 400, quickBlocks: 4 },
    'torch-rank1': { blocks: 800, quickBlocks: 4 },
  },
});

export const gram512 = gramCase(512, {
  quick: { weights: 2048, samples: 128, batch: 32 },
  rivals: {
    javascript: { blocks: 20, quickBlocks: 1 },
    'torch-rank1': { blocks: 50, quickBlocks: 1 },
  },
});

import type { UpdateRule } from '../../src/index.js';

/** How much of everything a run takes. */
export interface Settings {
  /** Training images. */
  images: number;
  testImages: number;
  /** Passes over the training images, pruning included. */
  epochs: number;
  batchSize: number;
  /** Prunings until the last, which is when `prunedBy` of all steps are done. */
  prunings: number;
  prunedBy: number;
  /** Gradient samples of each pruning. */
  samples: number;
  /** What WoodFisher does to the weights that are left; magnitude leaves them as they are. */
  update: UpdateRule;
  sparsities: readonly number[];
  /** Trainings, the dense one included. */
  seeds: readonly number[];
}

/** All of MNIST, and ten epochs: enough for training itself to move what is left. */
export const FULL: Settings = {
  images: 60_000,
  testImages: 10_000,
  epochs: 10,
  batchSize: 128,
  prunings: 8,
  prunedBy: 0.3,
  samples: 1000,
  update: 'none',
  sparsities: [0.95, 0.98],
  seeds: [1, 2, 3],
};

/** Enough to see that it works, and so little training that the update matters. */
export const SMALL: Settings = {
  ...FULL,
  images: 1024,
  testImages: 500,
  epochs: 2,
  batchSize: 128,
  prunings: 3,
  samples: 200,
  update: 'joint',
  seeds: [1],
  sparsities: [0.9],
};

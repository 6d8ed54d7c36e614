import type { PruneOptions } from '../../../src/prune-options.js';
import { randomBatches, randomParameter, seeded } from '../../random.js';

/** A model of two parameters, large enough that a run on it takes some 100 ms. */
export function pruneProblem(): PruneOptions {
  const random = seeded(11);
  const parameters = [
    randomParameter('first', [64, 203], random),
    randomParameter('second', [10, 64], random),
  ];
  const gradients = randomBatches(parameters, [40, 40, 23], random);
  return { parameters, gradients, sparsity: 0.7, blockSize: 100, threads: 2 };
}

import { randomGradients } from '../../examples/digits/random-gradients.js';
import { scoreNetwork, sparseNetwork } from '../../examples/digits/sparse-network.js';
import {
  type CriterionName,
  type LossFunction,
  type Parameter,
  type PruneOptions,
  prune,
} from '../../src/index.js';
import { timed } from '../stopwatch.js';
import type { Dataset } from './datasets.js';
import type { QualityMethod } from './methods.js';
import type { RunResult } from './result.js';

/** How a network is pruned. */
export interface Recipe {
  method: QualityMethod;
  sparsity: number;
  /** Gradients at each step; null where the method takes none. */
  samples: number | null;
  /** Decides which examples the gradients are of. */
  seed: number;
}

/** Prunes a network by a method, and counts what it then gets right. The parameters stay as they are. */
export async function pruneNetwork(
  parameters: readonly Parameter[],
  { train, heldOut, test }: Omit<Dataset, 'name'>,
  { method: { options, needs, samples: own }, sparsity, samples, seed }: Recipe,
): Promise<RunResult> {
  const advised = own === 'advised';
  const { seconds, result } = await timed(() =>
    prune({
      ...options,
      criterion: options.criterion as CriterionName | undefined,
      parameters,
      sparsity,
      ...gradientsOf(train, samples, advised, seed),
      ...(needs.includes('loss') && { loss: meanLoss(heldOut) }),
      ...(needs.includes('seed') && { seed }),
    }),
  );
  const pruned = sparseNetwork(result.parameters);
  return {
    accuracy: (await scoreNetwork(pruned, test)).accuracy,
    heldOut: (await scoreNetwork(pruned, heldOut)).accuracy,
    seconds,
  };
}

/** How many samples come is declared where it is the same at each step. */
function gradientsOf(
  train: Dataset['train'],
  samples: number | null,
  advised: boolean,
  seed: number,
): Pick<PruneOptions, 'gradients' | 'samples'> {
  if (samples === null) return {};
  if (advised) return { gradients: randomGradients(train, 'advised', seed) };
  return { samples, gradients: randomGradients(train, samples, seed) };
}

function meanLoss(heldOut: Dataset['heldOut']): LossFunction {
  return async (parameters) => (await scoreNetwork(sparseNetwork(parameters), heldOut)).loss;
}

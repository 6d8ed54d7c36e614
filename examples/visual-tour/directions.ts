import { BlockFisher, type PruneOptions, type PruneResult, prune } from '../../src/index.js';
import { exampleFactors, exampleGradients } from './gradients.js';
import { hessianProducts } from './hessian.js';
import { meanGradient } from './mean-gradient.js';
import { type Examples, type Network, score } from './network.js';
import { networkParameters } from './parameters.js';
import { moved, type Weights, zeroWeights } from './weights.js';

/** Losses on the way w + t·δ from the weights before pruning to those after. */
export interface Way {
  method: string;
  /** ½δᵀFδ with the method's own F. */
  own: number;
  /** ½δᵀHδ and ḡᵀδ with the exact Hessian and gradient. */
  quadratic: number;
  linear: number;
  points: WayPoint[];
}

export interface WayPoint {
  t: number;
  measured: number;
  /** L + t²·½δᵀFδ */
  own: number;
  /** L + t·ḡᵀδ + t²·½δᵀHδ */
  hessian: number;
}

/** What a method does to the weights, and what it thinks that costs. */
interface Pruning {
  method: string;
  result: PruneResult;
  predicted: number;
}

const COMMON = { blockSize: 100, damping: { relative: 0.01, over: 'model' } } as const;

/** The losses of pruning to a sparsity by each method, predicted and measured over the same examples. */
export async function pruningWays(
  network: Network,
  weights: Weights,
  examples: Examples,
  { sparsity, way }: { sparsity: number; way: readonly number[] },
): Promise<Way[]> {
  const prunings = await prunedBy(network, weights, examples, sparsity);
  const directions = prunings.map(({ result }) => directionOf(network, weights, result));
  const products = hessianProducts(network, weights, examples, directions);
  const everything = Uint32Array.from(examples.labels, (_, n) => n);
  const gradient = meanGradient(network, weights, examples, everything);
  const { loss } = score(network, weights, examples);
  return prunings.map(({ method, predicted }, i) => {
    const linear = dot(gradient, directions[i]);
    const quadratic = dot(products[i], directions[i]) / 2;
    return {
      ...{ method, own: predicted, quadratic, linear },
      points: way.map((t) => ({
        t,
        measured: score(network, moved(weights, directions[i], t), examples).loss,
        own: loss + t ** 2 * predicted,
        hessian: loss + t * linear + t ** 2 * quadratic,
      })),
    };
  });
}

async function prunedBy(
  network: Network,
  weights: Weights,
  examples: Examples,
  sparsity: number,
): Promise<Pruning[]> {
  const parameters = networkParameters(network, weights);
  await using fisher = await BlockFisher.create({ ...COMMON, parameters, solver: 'gram' });
  for (const batch of exampleGradients(network, weights, examples)) await fisher.add(batch);
  const by = async (method: string, options: Partial<PruneOptions>): Promise<Pruning> => {
    const result = await prune({ parameters, sparsity, damping: COMMON.damping, ...options });
    const { predictedLossChange } = result.statistics;
    if (predictedLossChange === null) throw new TypeError('a pruning by gradients is predicted');
    return { method, result, predicted: predictedLossChange.quadratic };
  };
  const inverse = await fisher.invert();
  // Each weight by itself: what the statistics predict counts on the whole blocks of F.
  const [{ predictedLoss }] = await inverse.curve([sparsity], { criterion: 'diagonal-fisher' });
  inverse.dispose();
  if (predictedLoss === null) throw new TypeError('there are as many weights as are pruned');
  return [
    await by('WoodFisher', { fisher, criterion: 'woodfisher' }),
    await by('K-FAC', {
      criterion: 'kfac',
      blockSize: COMMON.blockSize,
      gradients: exampleFactors(network, weights, examples),
    }),
    {
      ...(await by('diagonal Fisher', { fisher, criterion: 'diagonal-fisher', update: 'none' })),
      predicted: predictedLoss,
    },
  ];
}

function directionOf(network: Network, { kernels }: Weights, { parameters }: PruneResult): Weights {
  const direction = zeroWeights(network);
  for (const [l, kernel] of kernels.entries()) {
    for (const [i, w] of parameters[l].data.entries()) {
      direction.kernels[l][i] = w - kernel[i];
    }
  }
  return direction;
}

function dot(a: Weights, b: Weights): number {
  let sum = 0;
  for (const [l, kernel] of a.kernels.entries()) {
    for (const [i, value] of kernel.entries()) sum += value * b.kernels[l][i];
  }
  return sum;
}

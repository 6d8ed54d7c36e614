import { randomNumbers } from '../digits/random.js';
import { stepsOf, trainingSteps } from '../digits/training-steps.js';
import { meanGradient } from './mean-gradient.js';
import type { Examples, Network } from './network.js';
import { arraysOf, type Weights, zeroWeights } from './weights.js';

export interface TrainingOptions {
  epochs: number;
  /** Examples of a step. Default 32. */
  batchSize?: number;
  /** Adam's step size at the beginning; it falls to 0 along half a cosine. Default 0.005. */
  learningRate?: number;
  /** Decides the first weights and the order of the examples. */
  seed: number;
}

/** Adam's own constants (Kingma & Ba 2015). */
const [BETA_1, BETA_2, EPSILON] = [0.9, 0.999, 1e-8];

/** Weights by chance: uniform, of the variance that keeps values alike through ReLUs (He et al. 2015). */
export function randomWeights(network: Network, seed: number): Weights {
  const random = randomNumbers(seed);
  const weights = zeroWeights(network);
  for (const [l, { patch }] of network.layers.entries()) {
    const limit = Math.sqrt(6 / patch);
    for (let i = 0; i < weights.kernels[l].length; i++) {
      weights.kernels[l][i] = limit * (2 * random() - 1);
    }
  }
  return weights;
}

/**
 * Trains a network by Adam and stops on the way: gives weights, rounded to float32 as the package takes
 * them, at each of the shares of the training that are asked for.
 *
 * @param stops Ascending shares of the steps, 0 (as they were drawn) to 1.
 */
export function* trained(
  network: Network,
  examples: Examples,
  stops: readonly number[],
  { epochs, batchSize = 32, learningRate = 0.005, seed }: TrainingOptions,
): Generator<Weights, void, undefined> {
  const random = randomNumbers(seed);
  const weights = randomWeights(network, seed);
  const [mean, square] = [zeroWeights(network), zeroWeights(network)];
  const count = examples.labels.length;
  const length = { epochs, batchSize, learningRate };
  const steps = stepsOf(count, length);
  let stop = 0;
  const due = (done: number): boolean =>
    stop < stops.length && done >= Math.round(stops[stop] * steps);
  for (const { examples: chosen, rate, done } of trainingSteps(count, length, random)) {
    for (; due(done); stop++) yield rounded(weights);
    const gradient = meanGradient(network, weights, examples, chosen);
    adam(arraysOf(weights), arraysOf(gradient), arraysOf(mean), arraysOf(square), rate, done + 1);
  }
  for (; due(steps); stop++) yield rounded(weights);
}

function adam(
  weights: readonly Float64Array[],
  gradient: readonly Float64Array[],
  mean: readonly Float64Array[],
  square: readonly Float64Array[],
  rate: number,
  step: number,
): void {
  const scale = (rate * Math.sqrt(1 - BETA_2 ** step)) / (1 - BETA_1 ** step);
  for (const [a, w] of weights.entries()) {
    const [g, m, v] = [gradient[a], mean[a], square[a]];
    for (let i = 0; i < w.length; i++) {
      m[i] += (1 - BETA_1) * (g[i] - m[i]);
      v[i] += (1 - BETA_2) * (g[i] ** 2 - v[i]);
      w[i] -= (scale * m[i]) / (Math.sqrt(v[i]) + EPSILON);
    }
  }
}

function rounded({ kernels, biases }: Weights): Weights {
  return {
    kernels: kernels.map((values) => values.map(Math.fround)),
    biases: biases.map((values) => values.map(Math.fround)),
  };
}

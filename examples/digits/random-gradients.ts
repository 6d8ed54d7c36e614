import { setImmediate } from 'node:timers/promises';
import { type GradientBatch, type GradientStep, MAX_STEPS } from '../../src/index.js';
import type { Split } from './idx.js';
import { randomNumbers, shuffle } from './random.js';
import { exampleFactors, type SparseNetwork, sparseNetwork } from './sparse-network.js';

const BATCH = 128;

/** Gradients at the weights of a step. */
export type StepGradients = (step: GradientStep) => AsyncIterable<GradientBatch>;

/**
 * At each step the gradients of `samples` training examples, or as many as the preset is made for, chosen
 * by the seed and the step.
 */
export function randomGradients(
  train: Split,
  samples: number | 'advised',
  seed: number,
): StepGradients {
  return ({ index, parameters, advisedSamples }) => {
    const count = samples === 'advised' ? advisedSamples : samples;
    if (count === undefined) throw new TypeError('a run without a preset advises no samples');
    const examples = randomExamples(train, count, seed * MAX_STEPS + index);
    const weights = parameters.filter((_, i) => i % 2 === 0).map(({ name }) => name);
    return batches(sparseNetwork(parameters), weights, train, examples);
  };
}

/** Indices of `count` different examples, chosen by a seed. */
export function randomExamples({ labels }: Split, count: number, seed: number): Uint32Array {
  if (count > labels.length) {
    throw new RangeError(
      `samples must be at most ${labels.length}, the training examples there are, but is ${count}`,
    );
  }
  const order = Uint32Array.from(labels, (_, n) => n);
  shuffle(order, randomNumbers(seed));
  return order.subarray(0, count);
}

async function* batches(
  network: SparseNetwork,
  weights: readonly string[],
  train: Split,
  examples: Uint32Array,
): AsyncGenerator<GradientBatch, void, undefined> {
  for (let start = 0; start < examples.length; start += BATCH) {
    const factors = exampleFactors(network, train, examples.subarray(start, start + BATCH));
    yield Object.fromEntries(factors.map((factor, l) => [weights[l], factor]));
    await setImmediate();
  }
}

import { shuffle } from './random.js';

/** How long a network is trained, and by what steps. */
export interface TrainingLength {
  /** Passes over the examples. */
  epochs: number;
  /** Examples of a step; the last step of a pass takes what is left. */
  batchSize: number;
}

/** One step of the optimizer. */
export interface TrainingStep {
  /** Which examples its gradient is of. */
  examples: Uint32Array;
  /** The step size. */
  rate: number;
  /** Steps before this one. */
  done: number;
}

/**
 * The steps of a training: each pass takes all examples in another random order, and the step size falls
 * from `learningRate` to 0 along half a cosine.
 */
export function* trainingSteps(
  count: number,
  { epochs, batchSize, learningRate }: TrainingLength & { learningRate: number },
  random: () => number,
): Generator<TrainingStep, void, undefined> {
  const order = Uint32Array.from({ length: count }, (_, n) => n);
  const steps = stepsOf(count, { epochs, batchSize });
  let done = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffle(order, random);
    for (let start = 0; start < count; start += batchSize) {
      const rate = (learningRate / 2) * (1 + Math.cos((Math.PI * done) / steps));
      yield { examples: order.subarray(start, start + batchSize), rate, done };
      done++;
    }
  }
}

/** How many steps a training over `count` examples has. */
export function stepsOf(count: number, { epochs, batchSize }: TrainingLength): number {
  return epochs * Math.ceil(count / batchSize);
}

import { setImmediate } from 'node:timers/promises';
import type { GradualPruner, LayersModel } from '../../src/tfjs/index.js';
import { PIXELS, type Split } from '../digits/idx.js';
import { randomNumbers, shuffle } from '../digits/random.js';
import type { TensorFlow } from '../digits/tf-model.js';

/** Images [k, 784] as one row each, and what they show. */
export interface Batch {
  images: Float32Array;
  labels: Uint8Array;
}

/** Takes one step of the model's optimizer along the gradient of the mean loss of a batch. */
export type TrainingStep = (tf: TensorFlow, model: LayersModel, batch: Batch) => Promise<void>;

export interface TrainingOptions {
  epochs: number;
  batchSize: number;
  /** Adam's step size at the beginning; it falls to 0 along half a cosine. */
  learningRate: number;
  seed: number;
  step: TrainingStep;
  pruner?: GradualPruner;
}

/** Trains a compiled model, and prunes it on the way where there is a pruner. */
export async function trainModel(
  tf: TensorFlow,
  model: LayersModel,
  split: Split,
  { epochs, batchSize, learningRate, seed, step, pruner }: TrainingOptions,
): Promise<void> {
  const random = randomNumbers(seed);
  const order = Uint32Array.from(split.labels, (_, n) => n);
  const steps = epochs * stepsPerEpoch(split, batchSize);
  let done = 0;
  await pruner?.onTrainBegin();
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      shuffle(order, random);
      for (let start = 0; start < order.length; start += batchSize) {
        const rate = (learningRate / 2) * (1 + Math.cos((Math.PI * done) / steps));
        // The types make it protected, but it is how the step size is changed between steps.
        (model.optimizer as unknown as { learningRate: number }).learningRate = rate;
        await step(tf, model, batchOf(split, order.subarray(start, start + batchSize)));
        done++;
        await pruner?.onBatchEnd();
        await setImmediate(); // data() of this backend is there at once and lets nobody else run
      }
    }
    await pruner?.onTrainEnd();
  } finally {
    pruner?.dispose();
  }
}

/** Steps of the optimizer in one pass over the images. */
export function stepsPerEpoch({ labels }: Split, batchSize: number): number {
  return Math.ceil(labels.length / batchSize);
}

function batchOf({ images, labels }: Split, indices: Uint32Array): Batch {
  const batch = {
    images: new Float32Array(indices.length * PIXELS),
    labels: Uint8Array.from(indices, (n) => labels[n]),
  };
  indices.forEach((n, i) => {
    batch.images.set(images.subarray(n * PIXELS, (n + 1) * PIXELS), i * PIXELS);
  });
  return batch;
}

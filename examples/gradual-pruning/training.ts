import { setImmediate } from 'node:timers/promises';
import type * as tfjs from '@tensorflow/tfjs';
import type { GradualPruner, LayersModel } from '../../src/tfjs/index.js';
import type { NamedTensor } from '../digits/backpropagation.js';
import { PIXELS, type Split } from '../digits/idx.js';
import { randomNumbers, shuffle } from '../digits/random.js';
import type { TensorFlow } from '../digits/tf-model.js';

/** Images [k, 784] as one row each, and what they show. */
export interface Batch {
  images: Float32Array;
  labels: Uint8Array;
}

/** Gradients of the mean loss of a batch, by the names of all variables of the model. */
export type BatchGradients = (tf: TensorFlow, model: LayersModel, batch: Batch) => NamedTensor[];

export interface TrainingOptions {
  epochs: number;
  batchSize: number;
  /** Adam's step size at the beginning; it falls to 0 along half a cosine. */
  learningRate: number;
  /** The loss has half of this times the sum of the squares of all kernels' weights as well. */
  weightDecay: number;
  seed: number;
  gradients: BatchGradients;
  pruner?: GradualPruner;
}

/** Trains a compiled model, and prunes it on the way where there is a pruner. */
export async function trainModel(
  tf: TensorFlow,
  model: LayersModel,
  split: Split,
  { epochs, batchSize, learningRate, weightDecay, seed, gradients, pruner }: TrainingOptions,
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
        const batch = batchOf(split, order.subarray(start, start + batchSize));
        tf.tidy(() => {
          const found = gradients(tf, model, batch);
          model.optimizer.applyGradients(decayed(tf, model, found, weightDecay));
        });
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

/** The gradients with those of the weight decay. */
function decayed(
  tf: TensorFlow,
  model: LayersModel,
  gradients: readonly NamedTensor[],
  weightDecay: number,
): NamedTensor[] {
  const kernels = new Map(
    model.weights
      .filter(({ shape }) => shape.length > 1)
      .map((weight) => weight.read() as tfjs.Variable)
      .map((variable) => [variable.name, variable]),
  );
  return gradients.map(({ name, tensor }) => {
    const kernel = kernels.get(name);
    return {
      name,
      tensor: kernel === undefined ? tensor : tf.add(tensor, tf.mul(kernel, weightDecay)),
    };
  });
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

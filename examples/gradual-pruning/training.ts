import { setImmediate } from 'node:timers/promises';
import type * as tfjs from '@tensorflow/tfjs';
import type { GradualPruner, LayersModel } from '../../src/tfjs/index.js';
import type { NamedTensor } from '../digits/backpropagation.js';
import { pick, type Split } from '../digits/idx.js';
import { randomNumbers } from '../digits/random.js';
import { setStepSize } from '../digits/step-size.js';
import type { TensorFlow } from '../digits/tf-model.js';
import { type TrainingLength, trainingSteps } from '../digits/training-steps.js';

/** Gradients of the mean loss of a batch, by the names of all variables of the model. */
export type BatchGradients = (tf: TensorFlow, model: LayersModel, batch: Split) => NamedTensor[];

export interface TrainingOptions extends TrainingLength {
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
  const length = { epochs, batchSize, learningRate };
  const steps = trainingSteps(split.labels.length, length, randomNumbers(seed));
  await pruner?.onTrainBegin();
  try {
    for (const { examples, rate } of steps) {
      setStepSize(model.optimizer, rate);
      const batch = pick(split, examples);
      tf.tidy(() => {
        const found = gradients(tf, model, batch);
        model.optimizer.applyGradients(decayed(tf, model, found, weightDecay));
      });
      await pruner?.onBatchEnd();
      await setImmediate(); // data() of this backend is there at once and lets nobody else run
    }
    await pruner?.onTrainEnd();
  } finally {
    pruner?.dispose();
  }
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

import {
  GradualPruner,
  type GradualPruning,
  type LayersModel,
  modelParameters,
} from '../../src/tfjs/index.js';
import { type Digits, type Split, slice } from '../digits/idx.js';
import type { TensorFlow } from '../digits/tf-model.js';
import { stepsOf } from '../digits/training-steps.js';
import type { Settings } from './settings.js';
import type { Subject } from './subjects.js';
import { trainModel } from './training.js';

export const METHODS = ['magnitude', 'woodfisher'] as const;
export type Method = (typeof METHODS)[number];

/** What became of one network. */
export interface Outcome {
  /** Share of the test images that it gets right before and after. */
  before: number;
  after: number;
  /** Fraction of the prunable weights that is zero, counted in the model. */
  zeros: number;
  prunings: readonly GradualPruning[];
}

/** How a network is pruned. */
export interface Run {
  method: Method;
  sparsity: number;
  /** Decides the order of the training images, and which of them the Fisher is made of. */
  seed: number;
  settings: Settings;
}

/**
 * Prunes a trained network gradually while it is trained on; the schedule is the same for any method.
 *
 * @param model Pruned in place, compiled anew.
 */
export async function pruneGradually(
  tf: TensorFlow,
  model: LayersModel,
  subject: Subject,
  digits: Digits,
  { method, sparsity, seed, settings }: Run,
): Promise<Outcome> {
  const { images, testImages, epochs, batchSize, samples, update } = settings;
  const train = slice(digits.train, 0, images);
  const test = slice(digits.test, 0, testImages);
  model.compile({ optimizer: tf.train.adam(LEARNING_RATE), loss: 'sparseCategoricalCrossentropy' });
  try {
    const before = await accuracyOf(tf, model, subject, test);
    const steps = Math.round(stepsOf(images, { epochs, batchSize }) * settings.prunedBy);
    const frequency = Math.max(1, Math.floor(steps / settings.prunings));
    const xs = tf.tensor(train.images, [images, ...subject.inputShape]);
    const pruner = await GradualPruner.create(
      model,
      { xs, ys: train.labels },
      {
        tf,
        sparsity,
        start: 0,
        end: frequency * (settings.prunings - 1),
        frequency,
        seed,
        ...(method === 'magnitude'
          ? { criterion: 'magnitude' }
          : { samples, update, ...WOODFISHER }),
      },
    );
    xs.dispose();
    await trainModel(tf, model, train, {
      epochs,
      batchSize,
      learningRate: LEARNING_RATE,
      weightDecay: WEIGHT_DECAY,
      seed,
      gradients: subject.gradients,
      pruner,
    });
    return {
      before,
      after: await accuracyOf(tf, model, subject, test),
      zeros: zerosOf(model, pruner),
      prunings: pruner.history,
    };
  } finally {
    model.optimizer.dispose();
  }
}

/** Adam's step size at the beginning, and the weight decay; chosen by training images that were left out: see docs/methods.md. */
const LEARNING_RATE = 0.008;
const WEIGHT_DECAY = 0.0003;

/** The weight decay is curvature too, the same for every weight: it takes the place of the damping. */
const WOODFISHER = { preset: 'fast', damping: WEIGHT_DECAY } as const;

async function accuracyOf(
  tf: TensorFlow,
  model: LayersModel,
  { inputShape }: Subject,
  { images, labels }: Split,
): Promise<number> {
  const classes = tf.tidy(() => {
    const x = tf.tensor(images, [labels.length, ...inputShape]);
    return tf.argMax(model.predict(x, { batchSize: 500 }) as typeof x, 1);
  });
  const found = await classes.data();
  classes.dispose();
  let right = 0;
  labels.forEach((label, n) => {
    if (found[n] === label) right++;
  });
  return right / labels.length;
}

function zerosOf(model: LayersModel, { masks }: GradualPruner): number {
  let [all, zeros] = [0, 0];
  for (const { name, data } of modelParameters(model)) {
    if (masks[name] === undefined) continue;
    all += data.length;
    for (const value of data) if (value === 0) zeros++;
  }
  return zeros / all;
}

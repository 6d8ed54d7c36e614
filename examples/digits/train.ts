/*
 * Trains the two networks on the 60,000 training images of MNIST and writes their weights to
 * examples/digits/weights: `node dist/examples/digits/train.js`, about a minute.
 *
 * Everything random comes from one seed, and nothing is chosen by the test images.
 */
import { realpathSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type * as tfjs from '@tensorflow/tfjs';
import type { Parameter } from '../../src/parameters.js';
import { accuracy } from './accuracy.js';
import { backward, type DenseVariables, forward, oneHot } from './backpropagation.js';
import { loadDigits, PIXELS, pick, type Split } from './idx.js';
import { type Network, networkParameters, networks, transpose } from './networks.js';
import { progressBar } from './progress.js';
import { randomNumbers } from './random.js';
import { setStepSize } from './step-size.js';
import { type TensorFlow, wasmTensorFlow } from './tf-model.js';
import { stepsOf, trainingSteps } from './training-steps.js';
import { saveNetwork } from './weights.js';

export interface TrainOptions {
  /** Passes over the images. Default: the network's own number. */
  epochs?: number;
  /** Images per step. Default 128. */
  batchSize?: number;
  /** Adam's step size at the beginning; it falls to 0 along half a cosine. Default 0.001. */
  learningRate?: number;
  /** Default 1. */
  seed?: number;
  /** Called after every step with the share of the training that is done, and the step's loss. */
  onProgress?: (done: number, loss: number) => void;
}

/** Trains a network; its parameters come as `networkParameters` describes them. */
export async function train(
  tf: TensorFlow,
  network: Network,
  split: Split,
  options: TrainOptions = {},
): Promise<Parameter[]> {
  const {
    epochs = network.epochs,
    batchSize = 128,
    learningRate = 0.001,
    seed = 1,
    onProgress,
  } = options;
  const random = randomNumbers(seed);
  const layers = initialize(tf, network, random);
  const optimizer = tf.train.adam(learningRate);
  const length = { epochs, batchSize, learningRate };
  const steps = stepsOf(split.labels.length, length);
  for (const { examples, rate, done } of trainingSteps(split.labels.length, length, random)) {
    setStepSize(optimizer, rate);
    const loss = tf.tidy(() => {
      const { images, labels } = pick(split, examples);
      const activations = forward(tf, layers, tf.tensor2d(images, [labels.length, PIXELS]));
      const { gradients, loss } = backward(tf, layers, activations, oneHot(tf, labels));
      optimizer.applyGradients(gradients);
      return loss;
    });
    onProgress?.((done + 1) / steps, (await loss.data())[0]);
    loss.dispose();
    await setImmediate(); // data() of this backend is there at once and lets nobody else run
  }
  optimizer.dispose();
  return parametersOf(network, layers);
}

/** Glorot and Bengio's uniform distribution for the kernels, 0 for the biases. */
function initialize(tf: TensorFlow, { sizes }: Network, random: () => number): DenseVariables[] {
  return sizes.slice(1).map((outputs, l) => {
    const inputs = sizes[l];
    const limit = Math.sqrt(6 / (inputs + outputs));
    const kernel = Float32Array.from(
      { length: inputs * outputs },
      () => limit * (2 * random() - 1),
    );
    // Variables outlive a tidy, their initial values do not.
    return tf.tidy(() => ({
      kernel: tf.variable(tf.tensor2d(kernel, [inputs, outputs])),
      bias: tf.variable(tf.zeros<tfjs.Rank.R1>([outputs])),
    }));
  });
}

/** Copies the variables out, the kernels as [out, in], and disposes them. */
async function parametersOf(network: Network, layers: DenseVariables[]): Promise<Parameter[]> {
  const data = layers.flatMap(({ kernel, bias }) => {
    const [inputs, outputs] = kernel.shape;
    const arrays = [
      transpose(kernel.dataSync<'float32'>(), inputs, outputs),
      bias.dataSync<'float32'>().slice(),
    ];
    kernel.dispose();
    bias.dispose();
    return arrays;
  });
  return networkParameters(network, () => data.shift() as Float32Array);
}

/** Trains both networks on all training images, writes their weights, reports test accuracies. */
export async function trainAll(options: TrainOptions = {}): Promise<void> {
  const tf = await wasmTensorFlow();
  const digits = await loadDigits();
  for (const network of networks) {
    const bar = progressBar(network.name);
    const parameters = await train(tf, network, digits.train, {
      ...options,
      onProgress: bar.update,
    });
    const test = (100 * (await accuracy(parameters, digits.test))).toFixed(2);
    await saveNetwork(network, parameters, { test_accuracy: `${test} %` });
    bar.end(`${test} % of the test images`);
  }
}

const [, script] = process.argv;
if (script && realpathSync(script) === fileURLToPath(import.meta.url)) await trainAll();

import type * as tfjs from '@tensorflow/tfjs';
import { type LayersModel, meanGradients } from '../../src/tfjs/index.js';
import { loadDigits, slice } from '../digits/idx.js';
import type { TensorFlow } from '../digits/tf-model.js';
import type { Subject } from './subjects.js';
import { type TrainingStep, trainModel } from './training.js';

/**
 * Gradients come from this package: the wasm backend of TensorFlow.js has none for the filters of a
 * convolution.
 */
const step: TrainingStep = async (tf, model, { images, labels }) => {
  const options = { tf, examplesPerSample: labels.length, biases: true };
  for await (const gradients of meanGradients(model, images, labels, options)) {
    tf.tidy(() => {
      const named = model.layers.flatMap(({ name, weights }) =>
        weights.map((weight) => {
          const variable = weight.read() as tfjs.Variable;
          const key = `${name}/${weight.originalName.split('/').at(-1)}`;
          return { name: variable.name, tensor: tf.tensor(gradients[key], variable.shape) };
        }),
      );
      model.optimizer.applyGradients(named);
    });
  }
};

/** Two convolutions with pooling, two dense layers; 53,800 weights, trained here first. */
export const convolutionalSubject: Subject = {
  name: 'LeNet-5-like',
  inputShape: [28, 28, 1],
  async dense(tf, { images, epochs, batchSize, seed }) {
    const { train } = await loadDigits();
    const model = build(tf, seed);
    model.compile({ optimizer: tf.train.adam(0.002), loss: 'sparseCategoricalCrossentropy' });
    const options = { epochs, batchSize, learningRate: 0.002, seed, step };
    await trainModel(tf, model, slice(train, 0, images), options);
    return model;
  },
  step,
};

function build(tf: TensorFlow, seed: number): LayersModel {
  const { conv2d, maxPooling2d, flatten, dense } = tf.layers;
  const initializer = (layer: number) => tf.initializers.glorotUniform({ seed: seed + layer });
  return tf.sequential({
    layers: [
      conv2d({
        name: 'conv1',
        filters: 6,
        kernelSize: 5,
        activation: 'relu',
        inputShape: [28, 28, 1],
        kernelInitializer: initializer(1),
      }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({
        name: 'conv2',
        filters: 16,
        kernelSize: 5,
        activation: 'relu',
        kernelInitializer: initializer(2),
      }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ name: 'fc1', units: 195, activation: 'relu', kernelInitializer: initializer(3) }),
      dense({ name: 'fc2', units: 10, activation: 'softmax', kernelInitializer: initializer(4) }),
    ],
  });
}

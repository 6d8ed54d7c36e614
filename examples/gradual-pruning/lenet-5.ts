import type { LayersModel } from '../../src/tfjs/index.js';
import { loadDigits, slice } from '../digits/idx.js';
import type { TensorFlow } from '../digits/tf-model.js';
import { batchGradients } from './convolutional-step.js';
import type { Subject } from './subjects.js';
import { type BatchGradients, trainModel } from './training.js';

/** Convolutions of the model, in front of its Dense layers. */
export const CONVOLUTIONS = 2;

const gradients: BatchGradients = (tf, model, batch) =>
  batchGradients(tf, model, CONVOLUTIONS, batch);

/** Two convolutions with pooling, two dense layers; 53,800 weights, trained here first. */
export const convolutionalSubject: Subject = {
  name: 'LeNet-5-like',
  inputShape: [28, 28, 1],
  async dense(tf, { images, epochs, batchSize, seed }) {
    const { train } = await loadDigits();
    const model = buildConvolutional(tf, seed);
    model.compile({ optimizer: tf.train.adam(0.002), loss: 'sparseCategoricalCrossentropy' });
    const options = { epochs, batchSize, learningRate: 0.002, weightDecay: 0, seed, gradients };
    await trainModel(tf, model, slice(train, 0, images), options);
    return model;
  },
  gradients,
};

export function buildConvolutional(tf: TensorFlow, seed: number): LayersModel {
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

import type * as tfjs from '@tensorflow/tfjs';
import { backward, type DenseVariables, forward } from '../digits/backpropagation.js';
import { PIXELS } from '../digits/idx.js';
import { lenet300100 } from '../digits/networks.js';
import { buildTfModel } from '../digits/tf-model.js';
import { loadNetwork } from '../digits/weights.js';
import type { Subject } from './subjects.js';

/** Dense layers alone, with the weights of examples/digits; 266,200 weights. */
export const denseSubject: Subject = {
  name: 'LeNet-300-100',
  inputShape: [PIXELS],
  dense: async (tf) => buildTfModel(tf, lenet300100, await loadNetwork(lenet300100)),
  async step(tf, model, { images, labels }) {
    tf.tidy(() => {
      const layers = model.layers.map(({ weights }): DenseVariables => {
        const [kernel, bias] = weights.map((weight) => weight.read());
        return {
          kernel: kernel as tfjs.Variable<tfjs.Rank.R2>,
          bias: bias as tfjs.Variable<tfjs.Rank.R1>,
        };
      });
      const x = tf.tensor2d(images, [labels.length, PIXELS]);
      const y = tf.cast(tf.oneHot([...labels], 10), 'float32') as tfjs.Tensor2D;
      const { gradients } = backward(tf, layers, forward(tf, layers, x), y);
      model.optimizer.applyGradients(gradients);
    });
  },
};

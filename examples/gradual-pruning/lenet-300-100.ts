import type * as tfjs from '@tensorflow/tfjs';
import { backward, type DenseVariables, forward, oneHot } from '../digits/backpropagation.js';
import { loadDigits, PIXELS } from '../digits/idx.js';
import { lenet300100 } from '../digits/networks.js';
import { buildTfModel } from '../digits/tf-model.js';
import { train } from '../digits/train.js';
import { loadNetwork } from '../digits/weights.js';
import type { Subject } from './subjects.js';

/** Dense layers alone, 266,200 weights; those of seed 1 are kept in examples/digits/weights. */
export const denseSubject: Subject = {
  name: 'LeNet-300-100',
  inputShape: [PIXELS],
  async dense(tf, { seed }) {
    const kept = seed === 1;
    const parameters = kept
      ? await loadNetwork(lenet300100)
      : await train(tf, lenet300100, (await loadDigits()).train, { seed });
    return buildTfModel(tf, lenet300100, parameters);
  },
  gradients(tf, model, { images, labels }) {
    const layers = model.layers.map(({ weights }): DenseVariables => {
      const [kernel, bias] = weights.map((weight) => weight.read());
      return {
        kernel: kernel as tfjs.Variable<tfjs.Rank.R2>,
        bias: bias as tfjs.Variable<tfjs.Rank.R1>,
      };
    });
    const x = tf.tensor2d(images, [labels.length, PIXELS]);
    return backward(tf, layers, forward(tf, layers, x), oneHot(tf, labels)).gradients;
  },
};

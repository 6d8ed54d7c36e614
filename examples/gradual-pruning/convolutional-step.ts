import type * as tfjs from '@tensorflow/tfjs';
import type { LayersModel } from '../../src/tfjs/index.js';
import {
  backward,
  type DenseVariables,
  forward,
  type NamedTensor,
  oneHot,
} from '../digits/backpropagation.js';
import type { Split } from '../digits/idx.js';
import type { TensorFlow } from '../digits/tf-model.js';

type Images = tfjs.Tensor4D;

/** A convolution of stride 1 without padding, ReLU, and the maxima of 2×2 windows. */
interface ConvolutionVariables {
  /** [kh, kw, in, out] */
  kernel: tfjs.Variable<tfjs.Rank.R4>;
  /** [out] */
  bias: tfjs.Variable<tfjs.Rank.R1>;
}

/** What a layer got, what its ReLU gave, and the maxima. */
interface ConvolutionPass {
  x: Images;
  y: Images;
  pooled: Images;
}

/**
 * The gradients of the mean cross-entropy of a batch by all variables of a model of `convolutions` such
 * layers, a Flatten and Dense layers with ReLU between them.
 *
 * By hand, in few operations on the whole batch: the wasm backend has no gradient for the filters of a
 * convolution, and per-example gradients, which this package would give, take five times as long where
 * their mean alone is wanted.
 */
export function batchGradients(
  tf: TensorFlow,
  model: LayersModel,
  convolutions: number,
  { images, labels }: Split,
): NamedTensor[] {
  const layers = model.layers
    .filter(({ weights }) => weights.length > 0)
    .map(({ weights: [kernel, bias] }) => ({ kernel: kernel.read(), bias: bias.read() }));
  const convolutional = layers.slice(0, convolutions) as ConvolutionVariables[];
  const dense = layers.slice(convolutions) as DenseVariables[];
  const passes: ConvolutionPass[] = [];
  let x: Images = tf.tensor4d(images, [labels.length, 28, 28, 1]);
  for (const { kernel, bias } of convolutional) {
    const y: Images = tf.relu(tf.add(tf.conv2d(x, kernel, 1, 'valid'), bias));
    const pooled = tf.maxPool(y, 2, 2, 'valid');
    passes.push({ x, y, pooled });
    x = pooled;
  }
  const features: tfjs.Tensor2D = tf.reshape(x, [labels.length, -1]);
  const activations = forward(tf, dense, features);
  const { gradients, inputDelta } = backward(tf, dense, activations, oneHot(tf, labels));
  let delta: Images = tf.reshape(inputDelta(), x.shape);
  for (let l = convolutional.length - 1; l >= 0; l--) {
    const { kernel, bias } = convolutional[l];
    const deltas = beforeMaxima(tf, passes[l], delta);
    gradients.push({ name: kernel.name, tensor: filterGradient(tf, passes[l].x, deltas) });
    gradients.push({ name: bias.name, tensor: tf.sum(deltas, [0, 1, 2]) });
    if (l > 0) delta = inputGradient(tf, deltas, kernel);
  }
  return gradients;
}

/** The deltas before the ReLU: each goes to the maximum of its window, in equal parts where there are several. */
function beforeMaxima(tf: TensorFlow, { y, pooled }: ConvolutionPass, delta: Images): Images {
  const [height, width] = y.shape.slice(1);
  const enlarge = (image: Images): Images => tf.image.resizeNearestNeighbor(image, [height, width]);
  const largest: Images = tf.cast(tf.equal(enlarge(pooled), y), 'float32');
  const count = tf.mul(tf.avgPool(largest, 2, 2, 'valid'), 4);
  return tf.mul(tf.mul(enlarge(tf.div(delta, count)), largest), tf.step(y));
}

/** A convolution over the batch: examples stand where channels do, and deltas are the filter. */
function filterGradient(tf: TensorFlow, x: Images, deltas: Images): Images {
  const images = tf.transpose(x, [3, 1, 2, 0]);
  const filter = tf.transpose(deltas, [1, 2, 0, 3]);
  return tf.transpose(tf.conv2d(images, filter, 1, 'valid'), [1, 2, 0, 3]);
}

/** A convolution with the mirrored kernel. */
function inputGradient(tf: TensorFlow, deltas: Images, kernel: Images): Images {
  const [rows, columns] = kernel.shape;
  const edge: [number, number][] = [
    [0, 0],
    [rows - 1, rows - 1],
    [columns - 1, columns - 1],
    [0, 0],
  ];
  const mirrored: Images = tf.transpose(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2]);
  return tf.conv2d(tf.pad(deltas, edge), mirrored, 1, 'valid');
}

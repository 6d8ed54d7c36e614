import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs';
import { type LayersModel, type LossFunction, loadModel } from '../../src/tfjs/index.js';
import type { TensorFlow } from '../digits/tf-model.js';
import type { Image } from './image.js';

/**
 * The network that doubles the size of photographs in the npm package @upscalerjs/default-model (MIT): a
 * residual dense network (Zhang et al. 2018) of 12 convolutions, 222,075 weights and biases in float32,
 * trained by Kevin Scott on DIV2K. It takes images of any size, colours from 0 to 255.
 */
export async function loadUpscaler(tf: TensorFlow): Promise<LayersModel> {
  const main = createRequire(import.meta.url).resolve('@upscalerjs/default-model');
  const root = main.slice(0, main.lastIndexOf(`${sep}dist${sep}`));
  const { model } = await loadModel(join(root, 'models'), { tf });
  return model;
}

/** The mean square of the differences of an image, colours counted from 0 to 1. */
export function squaredError(tf: TensorFlow): LossFunction {
  return (labels, predictions) =>
    tf.div(tf.mean(tf.squaredDifference(labels, predictions), [1, 2, 3]), 255 ** 2);
}

/** The image at twice its size, as the network gives it: not rounded. */
export async function upscaled(tf: TensorFlow, model: LayersModel, image: Image): Promise<Image> {
  return await doubled(tf, image, (input) => model.predict(input) as tfjs.Tensor4D);
}

/** The image at twice its size by linear interpolation, without any network. */
export async function interpolated(tf: TensorFlow, image: Image): Promise<Image> {
  const size: [number, number] = [2 * image.height, 2 * image.width];
  return await doubled(tf, image, (input) => tf.image.resizeBilinear(input, size, false, true));
}

async function doubled(
  tf: TensorFlow,
  { height, width, data }: Image,
  enlarge: (input: tfjs.Tensor4D) => tfjs.Tensor4D,
): Promise<Image> {
  const result = tf.tidy(() => enlarge(tf.tensor4d(data.slice(), [1, height, width, 3])));
  const enlarged = Float32Array.from(await result.data());
  result.dispose();
  return { height: 2 * height, width: 2 * width, data: enlarged };
}

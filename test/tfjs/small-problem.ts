import type { ExampleArrays, LayersModel } from '../../src/tfjs/index.js';
import { tf } from './backends.js';
import { randomFloats } from './oracle.js';

export const FEATURES = 12;
const CLASSES = 3;

/** Points about three centres, and which one each belongs to. */
export function points(n: number, seed = 1): ExampleArrays & { ys: Int32Array } {
  const centres = randomFloats(CLASSES * FEATURES, 99);
  const xs = randomFloats(n * FEATURES, seed);
  const ys = Int32Array.from({ length: n }, (_, i) => i % CLASSES);
  ys.forEach((y, i) => {
    for (let j = 0; j < FEATURES; j++) {
      xs[i * FEATURES + j] = 0.6 * xs[i * FEATURES + j] + centres[y * FEATURES + j];
    }
  });
  return { xs, ys };
}

/** Two dense layers, compiled with an optimizer by name or one of its own. */
export function classifier(
  optimizer: string | ReturnType<typeof tf.train.sgd> = 'sgd',
  seed = 1,
  metrics: string[] | undefined = undefined,
): LayersModel {
  const kernelInitializer = (layer: number) =>
    tf.initializers.glorotUniform({ seed: seed + layer });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        name: 'fc1',
        units: 16,
        activation: 'relu',
        inputShape: [FEATURES],
        kernelInitializer: kernelInitializer(0),
      }),
      tf.layers.dense({
        name: 'fc2',
        units: CLASSES,
        activation: 'softmax',
        kernelInitializer: kernelInitializer(1),
      }),
    ],
  });
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics });
  return model;
}

/** The same examples as tensors of a tfjs training call; the caller disposes them. */
export function tensorsOf({ xs, ys }: ReturnType<typeof points>): { xs: tf.Tensor; ys: tf.Tensor } {
  return {
    xs: tf.tensor(xs as Float32Array, [ys.length, FEATURES]),
    ys: tf.tensor1d(Float32Array.from(ys)),
  };
}

/** A trained classifier. */
export async function trained(): Promise<LayersModel> {
  const model = classifier(tf.train.momentum(0.1, 0.9));
  const { xs, ys } = tensorsOf(points(240));
  await model.fit(xs, ys, { epochs: 8, batchSize: 24, shuffle: false, verbose: 0 });
  xs.dispose();
  ys.dispose();
  return model;
}

/** Weights of a model that are 0, of those with two axes. */
export function zerosOf(model: LayersModel): { zeros: number; size: number } {
  let [zeros, size] = [0, 0];
  for (const weight of model.weights) {
    if (weight.shape.length < 2) continue;
    const values = weight.read().dataSync();
    size += values.length;
    for (const value of values) if (value === 0) zeros++;
  }
  return { zeros, size };
}

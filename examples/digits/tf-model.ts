import type * as tfjs from '@tensorflow/tfjs';
import type { Parameter } from '../../src/parameters.js';
import { loadTensorFlow } from '../../src/tfjs/index.js';
import { type Network, transpose } from './networks.js';

export type TensorFlow = typeof tfjs;

/**
 * TensorFlow.js on its WebAssembly backend, which needs no binary.
 *
 * @throws Error where that backend does not run.
 */
export async function wasmTensorFlow(): Promise<TensorFlow> {
  const { tf, backend, summary } = await loadTensorFlow({ packages: ['@tensorflow/tfjs'] });
  if (backend !== 'wasm') throw new Error(`backend must be wasm, but there is ${summary}`);
  tf.enableProdMode(); // no advice on the console
  return tf;
}

/**
 * A compiled `LayersModel` of a network with the given parameters (see `networkParameters`). Its
 * weights are named `fc1/kernel` [in, out], `fc1/bias`, …; dispose it after use.
 */
export function buildTfModel(
  tf: TensorFlow,
  { name, sizes }: Network,
  parameters: readonly Parameter[],
): tfjs.LayersModel {
  const layers = sizes.slice(1).map((units, l) =>
    tf.layers.dense({
      name: `fc${l + 1}`,
      units,
      activation: l < sizes.length - 2 ? 'relu' : 'softmax',
      ...(l === 0 && { inputShape: [sizes[0]] }),
    }),
  );
  const model = tf.sequential({ name, layers });
  tf.tidy(() => {
    layers.forEach((layer, l) => {
      const [weight, bias] = parameters.slice(2 * l);
      const [outputs, inputs] = weight.shape;
      layer.setWeights([
        tf.tensor2d(transpose(weight.data, outputs, inputs), [inputs, outputs]),
        tf.tensor1d(bias.data.slice()),
      ]);
    });
  });
  model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
  return model;
}

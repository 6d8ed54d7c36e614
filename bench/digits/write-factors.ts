import { loadDigits, slice } from '../../examples/digits/idx.js';
import type { Network } from '../../examples/digits/networks.js';
import { buildTfModel, wasmTensorFlow } from '../../examples/digits/tf-model.js';
import { loadNetwork } from '../../examples/digits/weights.js';
import { type TensorSource, writeSafetensors } from '../../src/formats/safetensors/writer.js';
import { perExampleFactors } from '../../src/tfjs/index.js';
import type { LayerFactors } from './factors.js';

/** Writes the factors of the gradients of the first `samples` training images to a file. */
export async function writeFactors(path: string, network: Network, samples: number): Promise<void> {
  const tf = await wasmTensorFlow();
  const model = buildTfModel(tf, network, await loadNetwork(network));
  const { images, labels } = slice((await loadDigits()).train, 0, samples);
  const tensors: TensorSource[] = [];
  for await (const batch of perExampleFactors(model, images, labels, { tf, batchSize: samples })) {
    for (const [kernel, { inputs, deltas }] of Object.entries(batch as LayerFactors)) {
      const weight = kernel.replace('/kernel', '.weight');
      for (const [factor, data] of Object.entries({ inputs, deltas })) {
        const shape = [samples, data.length / samples];
        tensors.push({ name: `${weight}.${factor}`, dtype: 'F32', shape, data });
      }
    }
  }
  await writeSafetensors(path, tensors);
}

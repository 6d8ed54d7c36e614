import { addKernelGradient } from './layers.js';
import {
  backward,
  type Examples,
  forward,
  lossDeltas,
  type Network,
  newPass,
  type Weights,
  zeroWeights,
} from './network.js';

/** The gradient of the mean loss of some of the examples, in float64. */
export function meanGradient(
  network: Network,
  weights: Weights,
  examples: Examples,
  chosen: Uint32Array,
): Weights {
  const gradient = zeroWeights(network);
  const pass = newPass(network);
  for (const n of chosen) {
    forward(network, weights, examples, n, pass);
    lossDeltas(pass, examples.labels[n]);
    backward(network, weights, pass);
    for (const [l, layer] of network.layers.entries()) {
      addKernelGradient(layer, pass.values[l], pass.deltas[l], gradient.kernels[l]);
      const bias = gradient.biases[l];
      for (const [i, delta] of pass.deltas[l].entries()) bias[i % layer.outputs] += delta;
    }
  }
  for (const values of [...gradient.kernels, ...gradient.biases]) {
    for (let i = 0; i < values.length; i++) values[i] /= chosen.length;
  }
  return gradient;
}

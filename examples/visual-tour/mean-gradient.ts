import { addBiasGradient, addKernelGradient } from './layers.js';
import { differentiate, type Examples, type Network, newPass } from './network.js';
import { divide, type Weights, zeroWeights } from './weights.js';

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
    differentiate(network, weights, examples, n, pass);
    for (const [l, layer] of network.layers.entries()) {
      addKernelGradient(layer, pass.values[l], pass.deltas[l], gradient.kernels[l]);
      addBiasGradient(layer, pass.deltas[l], gradient.biases[l]);
    }
  }
  divide(gradient, chosen.length);
  return gradient;
}

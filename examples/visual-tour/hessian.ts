import { addBiasGradient, addInputDeltas, addKernelGradient, addOutputs } from './layers.js';
import {
  differentiate,
  type Examples,
  type Network,
  newPass,
  type Pass,
  zeroWhereOff,
} from './network.js';
import { divide, type KernelRun, unitDirections, type Weights, zeroWeights } from './weights.js';

/**
 * Hv for several directions v, H the exact Hessian of the mean loss: the derivative of the gradient along
 * v, carried forward and back beside the values themselves (Pearlmutter, *Fast exact multiplication by
 * the Hessian*, 1994). ReLUs count as linear where they stand.
 *
 * @param lowest The first layer whose part of Hv is wanted; that of the layers before stays 0.
 */
export function hessianProducts(
  network: Network,
  weights: Weights,
  examples: Examples,
  directions: readonly Weights[],
  lowest = 0,
): Weights[] {
  const count = examples.labels.length;
  const products = directions.map(() => zeroWeights(network));
  const moves = directions.map(movesOf);
  const pass = newPass(network);
  const slopes = newPass(network);
  for (let n = 0; n < count; n++) {
    const p = differentiate(network, weights, examples, n, pass);
    for (const [i, direction] of directions.entries()) {
      const move = { direction, layers: moves[i] };
      slopesForward(network, weights, move, pass, slopes);
      slopesOfDeltas(p, slopes);
      slopesBackward(network, weights, move, { pass, slopes, product: products[i] }, lowest);
    }
  }
  for (const product of products) divide(product, count);
  return products;
}

function slopesForward(
  { layers }: Network,
  { kernels }: Weights,
  { direction, layers: moves }: Move,
  { values }: Pass,
  slopes: Pass,
): void {
  const first = moves.indexOf(true);
  for (const [l, layer] of layers.entries()) {
    const slope = slopes.values[l + 1];
    slope.fill(0);
    if (l > first) addOutputs(layer, kernels[l], slopes.values[l], slope);
    if (moves[l]) {
      addOutputs(layer, direction.kernels[l], values[l], slope);
      for (let i = 0; i < slope.length; i++) slope[i] += direction.biases[l][i % layer.outputs];
    }
    if (l < layers.length - 1) zeroWhereOff(values[l + 1], slope);
  }
}

/** The derivative of p − 1_label: p ∘ (ż − pᵀż). */
function slopesOfDeltas(p: Float64Array, { values, deltas }: Pass): void {
  const z = values[values.length - 1];
  const mean = p.reduce((sum, share, c) => sum + share * z[c], 0);
  deltas[deltas.length - 1].set(p.map((share, c) => share * (z[c] - mean)));
}

function slopesBackward(
  { layers }: Network,
  { kernels }: Weights,
  { direction, layers: moves }: Move,
  { pass, slopes, product }: { pass: Pass; slopes: Pass; product: Weights },
  lowest: number,
): void {
  for (let l = layers.length - 1; l >= lowest; l--) {
    const layer = layers[l];
    const slope = slopes.deltas[l];
    addKernelGradient(layer, pass.values[l], slope, product.kernels[l]);
    if (l > moves.indexOf(true))
      addKernelGradient(layer, slopes.values[l], pass.deltas[l], product.kernels[l]);
    addBiasGradient(layer, slope, product.biases[l]);
    if (l === lowest) return;
    const before = slopes.deltas[l - 1];
    before.fill(0);
    addInputDeltas(layer, kernels[l], slope, before);
    if (moves[l]) addInputDeltas(layer, direction.kernels[l], pass.deltas[l], before);
    zeroWhereOff(pass.values[l], before);
  }
}

/** A direction, and the layers whose weights it changes. */
interface Move {
  direction: Weights;
  layers: readonly boolean[];
}

function movesOf({ kernels, biases }: Weights): boolean[] {
  return kernels.map((kernel, l) => [kernel, biases[l]].some((part) => part.some((v) => v !== 0)));
}

/** The block of the Hessian of a run of weights, row-major [length, length]. */
export function hessianBlock(
  network: Network,
  weights: Weights,
  examples: Examples,
  run: KernelRun,
): Float64Array {
  const { layer, start, length } = run;
  const directions = unitDirections(network, run);
  const block = new Float64Array(length * length);
  const products = hessianProducts(network, weights, examples, directions, layer);
  for (const [i, { kernels }] of products.entries()) {
    block.set(kernels[layer].subarray(start, start + length), i * length);
  }
  return block;
}

import type { Parameter } from '../../src/index.js';
import { pearson } from './correlation.js';
import { fisherBlocks } from './fisher-block.js';
import { exampleGradients } from './gradients.js';
import { hessianProducts } from './hessian.js';
import type { Examples, Network } from './network.js';
import { unitDirections, type Weights } from './weights.js';

/** A matrix over all weights of a network, layer after layer, row-major. */
export interface WholeMatrix {
  values: Float64Array;
  /** First weight of each output, and the number of weights; and of each layer. */
  outputs: readonly number[];
  layers: readonly number[];
}

/** How much of a matrix block-diagonal methods see. */
export interface Shares {
  /** Of the sum of the squares of all entries: those inside an output's weights, and inside a layer. */
  output: number;
  layer: number;
}

/** The exact Hessian of a network's kernels. */
export function wholeHessian(network: Network, weights: Weights, examples: Examples): WholeMatrix {
  const { outputs, layers } = startsOf(network);
  const order = layers[layers.length - 1];
  const values = new Float64Array(order * order);
  for (const [l, kernel] of weights.kernels.entries()) {
    const run = { layer: l, start: 0, length: kernel.length };
    const directions = unitDirections(network, run);
    const products = hessianProducts(network, weights, examples, directions);
    for (const [i, { kernels }] of products.entries()) {
      for (const [k, part] of kernels.entries()) {
        values.set(part, (layers[l] + i) * order + layers[k]);
      }
    }
  }
  return { values, outputs, layers };
}

/** The Fisher of a network's kernels, which the package takes as one parameter of one block. */
export async function wholeFisher(
  network: Network,
  weights: Weights,
  examples: Examples,
  fisher: 'empirical' | 'true',
): Promise<WholeMatrix> {
  const { outputs, layers } = startsOf(network);
  const order = layers[layers.length - 1];
  const data = Float32Array.from(weights.kernels.flatMap((kernel) => [...kernel]));
  const parameter: Parameter = { name: 'all', shape: [1, order], data };
  const gradients = exampleGradients(network, weights, examples, fisher);
  const { blocks } = await fisherBlocks(parameter, order, joined(gradients, network, layers));
  return { values: blocks[0], outputs, layers };
}

export function sharesOf({ values, outputs, layers }: WholeMatrix): Shares {
  const all = norms(values, [0, layers[layers.length - 1]])[0];
  const inside = (starts: readonly number[]): number => {
    const parts = norms(values, starts);
    const count = starts.length - 1;
    return parts.filter((_, i) => i % (count + 1) === 0).reduce((a, b) => a + b, 0) / all;
  };
  return { output: inside(outputs), layer: inside(layers) };
}

/** Correlation of the entries between different layers. */
export function betweenLayers(a: WholeMatrix, b: WholeMatrix): number {
  const { layers } = a;
  const order = layers[layers.length - 1];
  const layerOf = (i: number): number => layers.findLastIndex((start) => start <= i);
  const of = Array.from({ length: order }, (_, i) => layerOf(i));
  const apart = (_: number, i: number): boolean => of[Math.floor(i / order)] !== of[i % order];
  return pearson(a.values.filter(apart), b.values.filter(apart));
}

/** [outputs, outputs]: the root of the mean square of the entries between two outputs' weights. */
export function meanStrengths({ values, outputs }: WholeMatrix): Float64Array {
  const count = outputs.length - 1;
  const sizes = outputs.slice(1).map((end, i) => end - outputs[i]);
  return norms(values, outputs).map((sum, i) =>
    Math.sqrt(sum / (sizes[Math.floor(i / count)] * sizes[i % count])),
  );
}

/** Sums of squares of the rectangles that the starts cut a matrix into, row-major. */
function norms(values: Float64Array, starts: readonly number[]): Float64Array {
  const order = Math.sqrt(values.length);
  const count = starts.length - 1;
  const sums = new Float64Array(count * count);
  for (let a = 0; a < count; a++) {
    for (let i = starts[a]; i < starts[a + 1]; i++) {
      for (let b = 0; b < count; b++) {
        for (let j = starts[b]; j < starts[b + 1]; j++) {
          sums[a * count + b] += values[i * order + j] ** 2;
        }
      }
    }
  }
  return sums;
}

function startsOf({ layers }: Network): { outputs: number[]; layers: number[] } {
  const starts = { outputs: [0], layers: [0] };
  for (const { outputs, patch } of layers) {
    for (let o = 0; o < outputs; o++)
      starts.outputs.push(starts.outputs[starts.outputs.length - 1] + patch);
    starts.layers.push(starts.layers[starts.layers.length - 1] + outputs * patch);
  }
  return starts;
}

function* joined(
  batches: Iterable<Record<string, Float32Array>>,
  network: Network,
  layers: readonly number[],
): Generator<{ all: Float32Array }, void, undefined> {
  const order = layers[layers.length - 1];
  for (const batch of batches) {
    const parts = network.layers.map(({ name }) => batch[name]);
    const count = parts[0].length / layers[1];
    const all = new Float32Array(count * order);
    for (const [l, part] of parts.entries()) {
      const size = layers[l + 1] - layers[l];
      for (let n = 0; n < count; n++) {
        all.set(part.subarray(n * size, (n + 1) * size), n * order + layers[l]);
      }
    }
    yield { all };
  }
}

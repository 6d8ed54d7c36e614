import type { Layer } from './layers.js';

/** What has weights: a network. */
interface Layered {
  layers: readonly Layer[];
}

/** By layer; also a direction in the space of the weights. */
export interface Weights {
  /** [outputs, patch] */
  kernels: Float64Array[];
  /** [outputs] */
  biases: Float64Array[];
}

export function zeroWeights({ layers }: Layered): Weights {
  return {
    kernels: layers.map(({ outputs, patch }) => new Float64Array(outputs * patch)),
    biases: layers.map(({ outputs }) => new Float64Array(outputs)),
  };
}

/** All arrays of the weights, themselves and not copies: the kernels, then the biases. */
export function arraysOf({ kernels, biases }: Weights): Float64Array[] {
  return [...kernels, ...biases];
}

/** Divides all weights by a number, in place. */
export function divide(weights: Weights, divisor: number): void {
  for (const values of arraysOf(weights)) {
    for (let i = 0; i < values.length; i++) values[i] /= divisor;
  }
}

/** w + t·δ */
export function moved(weights: Weights, direction: Weights, t: number): Weights {
  const along = (w: readonly Float64Array[], d: readonly Float64Array[]): Float64Array[] =>
    w.map((values, l) => values.map((value, i) => value + t * d[l][i]));
  return {
    kernels: along(weights.kernels, direction.kernels),
    biases: along(weights.biases, direction.biases),
  };
}

/** A run of weights of one layer's kernel. */
export interface KernelRun {
  layer: number;
  /** The first weight, and how many there are. */
  start: number;
  length: number;
}

/** For each weight of a run the direction that is 1 there and 0 elsewhere. */
export function unitDirections(network: Layered, { layer, start, length }: KernelRun): Weights[] {
  return Array.from({ length }, (_, i) => {
    const direction = zeroWeights(network);
    direction.kernels[layer][start + i] = 1;
    return direction;
  });
}

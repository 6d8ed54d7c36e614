import { addInputDeltas, addOutputs, type Layer } from './layers.js';
import type { Weights } from './weights.js';

/** Layers with ReLU between them and a softmax at the end; the loss is the cross-entropy. */
export interface Network {
  name: string;
  /** Pixels of a row of the square images. */
  side: number;
  /** Applied one after the other; the last one gives the logits. */
  layers: readonly Layer[];
}

/** Images of a network's own size, with what they show. */
export interface Examples {
  /** [n, side²] */
  images: Float64Array;
  labels: Uint8Array;
}

/** What one example does in a network. */
export interface Pass {
  /** What each layer gets, and last the logits. */
  values: Float64Array[];
  /** Gradients of the loss by what each layer gives before its ReLU. */
  deltas: Float64Array[];
}

export function newPass({ layers }: Network): Pass {
  return {
    values: [layers[0].inputs, ...layers.map(givenBy)].map((length) => new Float64Array(length)),
    deltas: layers.map((layer) => new Float64Array(givenBy(layer))),
  };
}

/** Takes image n to the logits. */
export function forward(
  { layers }: Network,
  { kernels, biases }: Weights,
  { images }: Examples,
  n: number,
  { values }: Pass,
): void {
  const pixels = layers[0].inputs;
  values[0].set(images.subarray(n * pixels, (n + 1) * pixels));
  for (const [l, layer] of layers.entries()) {
    const y = values[l + 1];
    for (let p = 0; p < layer.places; p++) y.set(biases[l], p * layer.outputs);
    addOutputs(layer, kernels[l], values[l], y);
    if (l < layers.length - 1) for (let i = 0; i < y.length; i++) if (!(y[i] > 0)) y[i] = 0;
  }
}

/** Puts the deltas of the logits, p − 1_label, into the pass; gives p. */
function lossDeltas({ values, deltas }: Pass, label: number): Float64Array {
  const p = softmax(values[values.length - 1]);
  const last = deltas[deltas.length - 1];
  last.set(p);
  last[label] -= 1;
  return p;
}

/** Takes the deltas of the logits, which stand in the pass, to those of all layers. */
export function backward(
  { layers }: Network,
  { kernels }: Weights,
  { values, deltas }: Pass,
): void {
  for (let l = layers.length - 1; l > 0; l--) {
    deltas[l - 1].fill(0);
    addInputDeltas(layers[l], kernels[l], deltas[l], deltas[l - 1]);
    zeroWhereOff(values[l], deltas[l - 1]);
  }
}

/** Fills the pass of example n: its values, and the gradients of its loss; gives p. */
export function differentiate(
  network: Network,
  weights: Weights,
  examples: Examples,
  n: number,
  pass: Pass,
): Float64Array {
  forward(network, weights, examples, n, pass);
  const p = lossDeltas(pass, examples.labels[n]);
  backward(network, weights, pass);
  return p;
}

/** The derivative of the ReLU that gave y, times d. */
export function zeroWhereOff(y: Float64Array, d: Float64Array): void {
  for (let i = 0; i < d.length; i++) if (!(y[i] > 0)) d[i] = 0;
}

export function softmax(logits: Float64Array): Float64Array {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const powers = logits.map((z) => Math.exp(z - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/** Mean loss, and the share of the examples whose largest logit is the right one. */
export function score(
  network: Network,
  weights: Weights,
  examples: Examples,
): { loss: number; accuracy: number } {
  const pass = newPass(network);
  const count = examples.labels.length;
  let [loss, right] = [0, 0];
  for (let n = 0; n < count; n++) {
    forward(network, weights, examples, n, pass);
    const p = softmax(pass.values[network.layers.length]);
    const label = examples.labels[n];
    loss -= Math.log(p[label]);
    if (p.every((other) => other <= p[label])) right++;
  }
  return { loss: loss / count, accuracy: right / count };
}

function givenBy({ places, outputs }: Layer): number {
  return places * outputs;
}

import type { FactoredGradients, GradientBatch } from '../../src/index.js';
import { addKernelGradient } from './layers.js';
import { backward, differentiate, type Examples, type Network, newPass } from './network.js';
import type { Weights } from './weights.js';

/** Examples in a batch. */
const BATCH = 64;

/**
 * Gradients of the loss of each example by all kernels [k, ...shape]. `true`: for every example those
 * of all ten labels it could have had, each times √(10 p), p being the network's own probability of it,
 * so that the mean of their outer products is the true Fisher, without the noise of drawn labels.
 */
export function* exampleGradients(
  network: Network,
  weights: Weights,
  examples: Examples,
  fisher: 'empirical' | 'true' = 'empirical',
): Generator<Record<string, Float32Array>, void, undefined> {
  const { layers } = network;
  const pass = newPass(network);
  const logits = pass.deltas[layers.length - 1];
  let batch: Float64Array[][] = [];
  const take = (): void => {
    batch.push(
      layers.map((layer, l) => {
        const gradient = new Float64Array(layer.outputs * layer.patch);
        addKernelGradient(layer, pass.values[l], pass.deltas[l], gradient);
        return gradient;
      }),
    );
  };
  for (let n = 0; n < examples.labels.length; n++) {
    const p = differentiate(network, weights, examples, n, pass);
    if (fisher === 'empirical') {
      take();
    } else {
      for (const [label, share] of p.entries()) {
        const root = Math.sqrt(p.length * share);
        logits.set(p.map((other, c) => root * (other - (c === label ? 1 : 0))));
        backward(network, weights, pass);
        take();
      }
    }
    if (batch.length < BATCH && n < examples.labels.length - 1) continue;
    yield joined(network, batch);
    batch = [];
  }
}

/** The gradients of the given labels as the inputs and deltas they are products of. */
export function* exampleFactors(
  network: Network,
  weights: Weights,
  examples: Examples,
): Generator<GradientBatch, void, undefined> {
  const { layers } = network;
  const count = examples.labels.length;
  const pass = newPass(network);
  for (let start = 0; start < count; start += BATCH) {
    const k = Math.min(BATCH, count - start);
    const factors = layers.map(
      ({ places, patch, outputs }): FactoredGradients => ({
        inputs: new Float32Array(k * places * patch),
        deltas: new Float32Array(k * places * outputs),
        ...(places > 1 && { positions: places }),
      }),
    );
    for (let row = 0; row < k; row++) {
      differentiate(network, weights, examples, start + row, pass);
      for (const [l, { taps, places, patch, outputs }] of layers.entries()) {
        const { inputs, deltas } = factors[l];
        for (let i = 0; i < taps.length; i++) {
          inputs[row * places * patch + i] = pass.values[l][taps[i]];
        }
        deltas.set(pass.deltas[l], row * places * outputs);
      }
    }
    yield Object.fromEntries(factors.map((factor, l) => [layers[l].name, factor]));
  }
}

function joined(
  { layers }: Network,
  batch: readonly (readonly Float64Array[])[],
): Record<string, Float32Array> {
  return Object.fromEntries(
    layers.map(({ name, outputs, patch }, l) => {
      const size = outputs * patch;
      const all = new Float32Array(batch.length * size);
      for (const [row, gradients] of batch.entries()) all.set(gradients[l], row * size);
      return [name, all];
    }),
  );
}

import { convolutionLayer, denseLayer } from '../../../examples/visual-tour/layers.js';
import type { Examples, Network } from '../../../examples/visual-tour/network.js';
import { randomWeights } from '../../../examples/visual-tour/training.js';
import type { Weights } from '../../../examples/visual-tour/weights.js';
import { seeded } from '../../random.js';

/** Two convolutions, whose windows overlap, and a dense layer; 3 classes. */
export const tiny: Network = {
  name: 'tiny',
  side: 6,
  layers: [
    convolutionLayer('conv1', { side: 6, channels: 1, kernel: 3, stride: 1, filters: 3 }),
    convolutionLayer('conv2', { side: 4, channels: 3, kernel: 2, stride: 2, filters: 4 }),
    denseLayer('fc', 16, 3),
  ],
};

export function tinyWeights(seed: number): Weights {
  const random = seeded(seed + 100);
  const weights = randomWeights(tiny, seed);
  return {
    kernels: weights.kernels.map((kernel) => kernel.map(Math.fround)),
    biases: weights.biases.map((bias) => bias.map(() => Math.fround(random() - 0.5))),
  };
}

export function tinyExamples(count: number, seed: number): Examples {
  const random = seeded(seed);
  return {
    images: Float64Array.from({ length: count * 36 }, () => Math.fround(random())),
    labels: Uint8Array.from({ length: count }, () => Math.floor(3 * random())),
  };
}

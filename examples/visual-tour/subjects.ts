import { PIXELS, type Split } from '../digits/idx.js';
import { convolutionLayer, denseLayer } from './layers.js';
import type { Examples, Network } from './network.js';

/** 944 weights on digits of 7×7 pixels. */
export const mlp: Network = {
  name: 'mlp',
  side: 7,
  layers: [denseLayer('fc1', 49, 16), denseLayer('fc2', 16, 10)],
};

/** 1,182 weights on digits of 14×14 pixels. */
export const convnet: Network = {
  name: 'convnet',
  side: 14,
  layers: [
    convolutionLayer('conv1', { side: 14, channels: 1, kernel: 3, stride: 2, filters: 6 }),
    convolutionLayer('conv2', { side: 6, channels: 6, kernel: 3, stride: 2, filters: 12 }),
    denseLayer('fc', 48, 10),
  ],
};

export const NETWORKS: readonly Network[] = [mlp, convnet];

const SIDE = Math.sqrt(PIXELS);

/** Digits made smaller: every pixel is the mean of a square of those there were. */
export function shrunk({ images, labels }: Split, side: number): Examples {
  const factor = SIDE / side;
  const small = new Float64Array(labels.length * side * side);
  for (let i = 0; i < images.length; i++) {
    const n = Math.floor(i / PIXELS);
    const row = Math.floor((i % PIXELS) / SIDE / factor);
    const column = Math.floor((i % SIDE) / factor);
    small[(n * side + row) * side + column] += images[i] / factor ** 2;
  }
  return { images: small, labels };
}

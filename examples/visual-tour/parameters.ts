import type { Parameter } from '../../src/index.js';
import type { Network } from './network.js';
import type { Weights } from './weights.js';

/** The kernels of a network as the package takes them, [outputs, …] under the names of their layers. */
export function networkParameters({ layers }: Network, { kernels }: Weights): Parameter[] {
  return layers.map(({ name, shape }, l) => ({
    name,
    shape,
    data: Float32Array.from(kernels[l]),
    outputAxis: 0,
  }));
}

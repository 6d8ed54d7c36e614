import type { BlockShape } from '../blocks/block-shape.js';
import { weightArrays } from '../blocks/parameter-arrays.js';
import { layerShape, rowsTogether } from '../fisher/kfac/factor-sums.js';
import { inverseLengths } from '../fisher/kfac/inverses.js';
import { stateBytes, sumArrays } from '../fisher/state-layout.js';
import { plannedBytes } from '../memory/array-plan.js';
import { accumulateFlops } from '../solvers/flops.js';
import { accumulateScratch, padded } from './scratch.js';

/** What criterion kfac takes beside what solver woodbury does, in bytes. */
export interface KfacBytes {
  /** The sums over the layers' inputs and deltas. */
  sums: number;
  /** The inverses of the factors; there beside the sums and the state for a moment. */
  inverses: number;
  /** Scratch of the sums, and of the inverses. */
  accumulate: number;
  invert: number;
}

export function kfacBytes(shapes: readonly BlockShape[], threads: number): KfacBytes {
  const layers = shapes.map(layerShape);
  const sums = total(
    layers,
    (layer) =>
      plannedBytes(weightArrays(layer)) +
      plannedBytes(sumArrays(layer)) +
      stateBytes(layer, 'gram', 0, true),
  );
  const widest = padded(Math.max(...layers.map(({ size }) => size)));
  const factor = padded(Math.max(...shapes.flatMap(factorOrders)));
  return {
    sums: sums + 4 * rowsTogether(shapes),
    inverses: 8 * total(shapes.flatMap(inverseLengths), (length) => length),
    accumulate: 8 * threads * accumulateScratch('gram', widest),
    invert: 8 * threads * 2 * factor ** 2,
  };
}

/** Flops of one sample (of one position) and of the inverses. */
export function kfacFlops(shapes: readonly BlockShape[]): { sample: number; invert: number } {
  return {
    sample: total(shapes, (shape) => accumulateFlops('gram', layerShape(shape).size)),
    invert: total(shapes, (shape) => {
      const factors = total(factorOrders(shape), (order) => order ** 3);
      return factors + shape.size * shape.blockOrder;
    }),
  };
}

function factorOrders({ order }: BlockShape): number[] {
  return [order.before * order.after, order.outputs];
}

function total<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}

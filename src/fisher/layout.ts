import type { AxisOrder } from '../engine/kernels.js';
import { copyInPieces, inPieces } from '../memory/pieces.js';

/**
 * Block order and the model's layout.
 *
 * A model's tensor of shape [s0, …, sn] with output axis a is seen as [before, outputs, after] with
 * before = s0 ⋯ s(a−1), outputs = sa, after = s(a+1) ⋯ sn. Blocks are cut in the order
 * [outputs, before, after], so that weights of the same output stand together.
 */
export function axisOrder(shape: readonly number[], outputAxis: number): AxisOrder {
  const axis = outputAxis < 0 ? outputAxis + shape.length : outputAxis;
  const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
  return {
    before: product(shape.slice(0, axis)),
    outputs: shape[axis] ?? 1,
    after: product(shape.slice(axis + 1)),
  };
}

/** An axis whose order this is, the first where there are several. */
export function axisOf(shape: readonly number[], order: AxisOrder): number {
  const axis = shape.findIndex((_, a) => {
    const { before, outputs, after } = axisOrder(shape, a);
    return before === order.before && outputs === order.outputs && after === order.after;
  });
  return Math.max(axis, 0);
}

type Numbers = Float32Array | Float64Array | Uint8Array;

/** out[c] = values[model index of c]: from the model's layout to block order. */
export async function toBlockOrder(order: AxisOrder, values: Numbers, out: Numbers): Promise<void> {
  if (order.before === 1) return copyInPieces(values, out);
  await walk(order, out.length, (block, model) => {
    out[block] = values[model];
  });
}

/** out[model index of c] = values[c]: from block order to the model's layout. */
export async function toModelLayout(
  order: AxisOrder,
  values: Numbers,
  out: Numbers,
): Promise<void> {
  if (order.before === 1) return copyInPieces(values, out);
  await walk(order, out.length, (block, model) => {
    out[model] = values[block];
  });
}

/** The index in block order of index `model` in the model's layout. */
export function blockIndex({ outputs, before, after }: AxisOrder, model: number): number {
  if (before === 1) return model;
  const a = model % after;
  const output = Math.floor(model / after) % outputs;
  const b = Math.floor(model / (after * outputs));
  return (output * before + b) * after + a;
}

async function walk(
  { outputs, before, after }: AxisOrder,
  size: number,
  visit: (block: number, model: number) => void,
): Promise<void> {
  await inPieces(size, (begin, end) => {
    let a = begin % after;
    let b = Math.floor(begin / after) % before;
    let output = Math.floor(begin / (after * before));
    for (let c = begin; c < end; c++) {
      visit(c, (b * outputs + output) * after + a);
      if (++a < after) continue;
      a = 0;
      if (++b < before) continue;
      b = 0;
      output++;
    }
  });
}

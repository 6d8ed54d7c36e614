import { modelIndex } from '../engine/axis-order.js';
import type { AxisOrder } from '../engine/kernels.js';
import { copyInPieces, fillInPieces, inPieces } from '../memory/pieces.js';

/**
 * Block order and the model's layout.
 *
 * A model's tensor of shape [s0, …, sn] with output axis a is seen as [before, outputs, after] with
 * before = s0 ⋯ s(a−1), outputs = sa, after = s(a+1) ⋯ sn. Blocks are cut in the order
 * [outputs, before, after], so that weights of the same output stand together. Where blocks are cut
 * from the weights that are still there alone, the others have no place in block order.
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

type Numbers = Float32Array | Float64Array | Uint8Array;

/** Weights whose model index takes divisions, about 25 ns each. */
const PLACES_A_PIECE = 1 << 18;

/** out[c] = values[model index of c]: from the model's layout to block order. */
export async function toBlockOrder(order: AxisOrder, values: Numbers, out: Numbers): Promise<void> {
  if (order.places === undefined && order.before === 1) return copyInPieces(values, out);
  await walk(order, out.length, (block, model) => {
    out[block] = values[model];
  });
}

/**
 * out[model index of c] = values[c]: from block order to the model's layout. Weights that no block
 * holds get `elsewhere`.
 */
export async function toModelLayout(
  order: AxisOrder,
  values: Numbers,
  out: Numbers,
  elsewhere = 0,
): Promise<void> {
  if (order.places !== undefined) await fillInPieces(out, elsewhere);
  else if (order.before === 1) return copyInPieces(values, out);
  await walk(order, values.length, (block, model) => {
    out[model] = values[block];
  });
}

/** The index in block order of index `model` in the model's layout; −1 where no block holds it. */
export function blockIndex(order: AxisOrder, model: number): number {
  const { outputs, before, after, places } = order;
  const a = model % after;
  const output = Math.floor(model / after) % outputs;
  const b = Math.floor(model / (after * outputs));
  const place = before === 1 ? model : (output * before + b) * after + a;
  if (places === undefined) return place;
  const at = bisect(places, place);
  return places[at] === place ? at : -1;
}

/** The first position of an ascending array whose value is at least `value`. */
function bisect(ascending: Uint32Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Calls `visit` with the two indices of each of `size` weights, in block order. */
export async function walk(
  order: AxisOrder,
  size: number,
  visit: (block: number, model: number) => void,
): Promise<void> {
  const { outputs, before, after } = order;
  if (order.places !== undefined) {
    await inPieces(
      size,
      (begin, end) => {
        for (let c = begin; c < end; c++) visit(c, modelIndex(order, c));
      },
      PLACES_A_PIECE,
    );
    return;
  }
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

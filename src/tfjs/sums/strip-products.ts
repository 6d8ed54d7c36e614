import type { Pace } from '../pace.js';

/** Up to `capacity` places of an example, laid out so that sums over the places are dot products. */
export interface Strip {
  rows: number;
  outputs: number;
  /** Places that fit. */
  capacity: number;
  /** Input r of place p at r · capacity + p. */
  inputs: Float64Array;
  /** Delta of output o of place p at o · capacity + p. */
  deltas: Float64Array;
}

/** Values of a strip: inputs of a typical convolution stay in the second-level cache. */
const STRIP = 2 ** 15;

/**
 * A strip of places with `rows` inputs and `outputs` deltas.
 *
 * Four inputs meet two deltas at a time: eight sums in registers, which take six loads for eight
 * multiplications and no store. Rows beyond the last are zeros.
 */
export function stripOf(places: number, rows: number, outputs: number): Strip {
  const capacity = Math.max(1, Math.min(places, Math.floor(STRIP / rows)));
  const inputs = new Float64Array((rows + 3) * capacity);
  const deltas = new Float64Array((outputs + 1) * capacity);
  return { rows, outputs, capacity, inputs, deltas };
}

/**
 * Adds for the first `places` of a strip the sum of input · deltaᵀ to columns `first` … of `sum`, whose
 * rows are `stride` long.
 */
export async function addStrip(
  strip: Strip,
  sum: Float64Array,
  places: number,
  first: number,
  stride: number,
  pace: Pace,
): Promise<void> {
  for (let r = 0; r < strip.rows; r += 4) {
    for (let o = 0; o < strip.outputs; o += 2) {
      addTile(strip, sum, r, o, places, r * stride + first + o, stride);
    }
    if (pace.due()) await pace.rest();
  }
}

/**
 * Adds the sums over `n` places of inputs r … r + 3 and deltas o and o + 1 at `at`. A function of its
 * own, not of a strip, so that one compilation serves all strips.
 */
function addTile(
  { inputs, deltas, capacity, rows, outputs }: Strip,
  sum: Float64Array,
  r: number,
  o: number,
  n: number,
  at: number,
  stride: number,
): void {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let e = 0;
  let f = 0;
  let g = 0;
  let h = 0;
  const x0 = r * capacity;
  const x1 = x0 + capacity;
  const x2 = x1 + capacity;
  const x3 = x2 + capacity;
  const d0 = o * capacity;
  const d1 = d0 + capacity;
  for (let p = 0; p < n; p++) {
    const u = deltas[d0 + p];
    const v = deltas[d1 + p];
    a += inputs[x0 + p] * u;
    b += inputs[x0 + p] * v;
    c += inputs[x1 + p] * u;
    d += inputs[x1 + p] * v;
    e += inputs[x2 + p] * u;
    f += inputs[x2 + p] * v;
    g += inputs[x3 + p] * u;
    h += inputs[x3 + p] * v;
  }
  const hasRow = rows - r;
  const both = o + 1 < outputs;
  sum[at] += a;
  if (both) sum[at + 1] += b;
  if (hasRow > 1) sum[at + stride] += c;
  if (hasRow > 1 && both) sum[at + stride + 1] += d;
  if (hasRow > 2) sum[at + 2 * stride] += e;
  if (hasRow > 2 && both) sum[at + 2 * stride + 1] += f;
  if (hasRow > 3) sum[at + 3 * stride] += g;
  if (hasRow > 3 && both) sum[at + 3 * stride + 1] += h;
}

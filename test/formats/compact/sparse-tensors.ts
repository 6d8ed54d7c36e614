import { DTYPE_BYTES, type Dtype } from '../../../src/formats/dtypes.js';
import type { TensorSource } from '../../../src/formats/safetensors/writer.js';

/** A tensor with the bytes that it has in a dense file. */
export interface SparseTensor extends TensorSource {
  data: Uint8Array;
}

/** Bit patterns that are easily lost: -0.0, NaN with a payload, infinities, the least subnormal. */
const SPECIAL: Partial<Record<Dtype, readonly (readonly number[])[]>> = {
  BF16: [
    [0x00, 0x80],
    [0xc1, 0x7f],
    [0x01, 0xff],
    [0x80, 0x7f],
    [0x01, 0x00],
  ],
  F16: [
    [0x00, 0x80],
    [0x01, 0x7c],
    [0x55, 0xfe],
    [0x00, 0xfc],
    [0x01, 0x00],
  ],
  F32: [
    [0, 0, 0, 0x80],
    [1, 0, 0x80, 0x7f],
    [0x39, 0x30, 0xc0, 0xff],
    [0, 0, 0x80, 0x7f],
  ],
  F64: [
    [0, 0, 0, 0, 0, 0, 0, 0x80],
    [1, 0, 0, 0, 0, 0, 0xf0, 0x7f],
    [0, 0, 0, 0, 1, 0, 0xf8, 0xff],
    [1, 0, 0, 0, 0, 0, 0, 0],
  ],
};

/** Which elements of a tensor have a value. */
export type Occupied = (index: number) => boolean;

/** A tensor whose occupied elements have random bits other than +0.0, special ones among them. */
export function sparseTensor(
  name: string,
  dtype: Dtype,
  shape: readonly number[],
  random: () => number,
  occupied: Occupied,
): SparseTensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const width = DTYPE_BYTES[dtype];
  const data = new Uint8Array(size * width);
  const special = SPECIAL[dtype] ?? [];
  for (let i = 0; i < size; i++) {
    if (!occupied(i)) continue;
    const bits = special[Math.floor(10 * random())];
    if (bits !== undefined) {
      data.set(bits, i * width);
    } else {
      for (let b = 0; b < width; b++) data[i * width + b] = Math.floor(256 * random());
      if (data.subarray(i * width, (i + 1) * width).every((byte) => byte === 0))
        data[i * width] = 1;
    }
  }
  return { name, dtype, shape, data };
}

/** Each element has a value with probability 1 − sparsity. */
export function unstructured(sparsity: number, random: () => number): Occupied {
  return () => random() >= sparsity;
}

/** At most N of each M neighbours along the last axis, of `length`. */
export function structured(N: number, M: number, length: number, random: () => number): Occupied {
  let left = 0;
  return (index) => {
    const place = (index % length) % M;
    if (place === 0) left = N;
    if (left === 0 || random() < 0.4) return false;
    left--;
    return true;
  };
}

import { loadNative } from '../engine/native.js';
import { float32BitsToBfloat16Bits } from './bfloat16.js';
import { DTYPE_BYTES, type FloatDtype } from './dtypes.js';
import { requireLittleEndian } from './endianness.js';
import { float32BitsToFloat16Bits } from './float16.js';
import { widenHalf } from './widen-half.js';

/**
 * Converts little-endian elements of `dtype` to float32.
 *
 * F16, BF16 and F32 convert exactly, NaN payloads included. F64 rounds to nearest; a value beyond the
 * range of float32 becomes infinite, which the caller's check for finiteness finds.
 *
 * @param bytes `out.length` elements, at any alignment.
 */
export function toFloat32(dtype: FloatDtype, bytes: Uint8Array, out: Float32Array): void {
  requireLittleEndian();
  requireLength(dtype, out.length, bytes);
  if (dtype === 'F32') {
    // As bytes: a copy by value may rewrite the payload of a NaN.
    new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);
    return;
  }
  if (dtype === 'F64') {
    const aligned = bytes.byteOffset % DTYPE_BYTES.F64 === 0 ? bytes : bytes.slice();
    out.set(new Float64Array(aligned.buffer, aligned.byteOffset, out.length));
    return;
  }
  const widen = loadNative()?.widenHalf ?? widenHalf;
  widen(dtype, bytes, out);
}

/**
 * Converts float32 to little-endian elements of `dtype`, rounding to nearest, ties to even.
 *
 * @param out Room for exactly `values.length` elements; aligned to the element size.
 * @returns The index of the first finite value that became infinite, or -1 if there is none.
 */
export function fromFloat32(values: Float32Array, dtype: FloatDtype, out: Uint8Array): number {
  requireLittleEndian();
  requireLength(dtype, values.length, out);
  if (dtype === 'F32') {
    out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return -1;
  }
  if (dtype === 'F64') {
    new Float64Array(out.buffer, out.byteOffset, values.length).set(values);
    return -1;
  }
  const from = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const to = new Uint16Array(out.buffer, out.byteOffset, values.length);
  // A loop each: one loop over both functions could inline neither.
  if (dtype === 'F16') {
    for (let i = 0; i < to.length; i++) to[i] = float32BitsToFloat16Bits(from[i]);
    return firstOverflow(from, to, 0x7c00);
  }
  for (let i = 0; i < to.length; i++) to[i] = float32BitsToBfloat16Bits(from[i]);
  return firstOverflow(from, to, 0x7f80);
}

function firstOverflow(from: Uint32Array, to: Uint16Array, infinity: number): number {
  for (let i = 0; i < to.length; i++) {
    if ((to[i] & 0x7fff) === infinity && (from[i] & 0x7fffffff) < 0x7f800000) return i;
  }
  return -1;
}

function requireLength(dtype: FloatDtype, elements: number, bytes: Uint8Array): void {
  if (bytes.byteLength !== elements * DTYPE_BYTES[dtype]) {
    throw new RangeError(
      `${elements} elements of ${dtype} take ${elements * DTYPE_BYTES[dtype]} bytes, but there are ${bytes.byteLength}`,
    );
  }
}

import { bfloat16BitsToFloat32Bits } from './bfloat16.js';
import { float16BitsToFloat32Bits } from './float16.js';

// 256 KiB, within any second-level cache: a lookup costs less than the branches it replaces.
let float16Table: Uint32Array | undefined;

/** Little-endian elements of 16 bits, at any alignment, as the float32 that they are exactly. */
export function widenHalf(dtype: 'F16' | 'BF16', bytes: Uint8Array, out: Float32Array): void {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  const from = new Uint16Array(aligned.buffer, aligned.byteOffset, out.length);
  const to = new Uint32Array(out.buffer, out.byteOffset, out.length);
  if (dtype === 'BF16') {
    for (let i = 0; i < to.length; i++) to[i] = bfloat16BitsToFloat32Bits(from[i]);
    return;
  }
  float16Table ??= Uint32Array.from({ length: 0x10000 }, (_, h) => float16BitsToFloat32Bits(h));
  for (let i = 0; i < to.length; i++) to[i] = float16Table[from[i]];
}

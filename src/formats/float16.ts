// IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. The functions work on bit
// patterns, so that signs of zero and payloads of NaN survive the trip through a JavaScript number.

/** Largest finite float16. */
export const FLOAT16_MAX = 65504;

/** Bits of the float32 that equals the float16 with bits `half` (exact for every pattern). */
export function float16BitsToFloat32Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  // The exponents differ in their bias: 127 - 15 = 112.
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  // A subnormal is fraction · 2⁻²⁴; its leading bit becomes the implicit one of a normal float32.
  const leading = 31 - Math.clz32(fraction);
  return (sign | ((leading - 24 + 127) << 23) | ((fraction << (23 - leading)) & 0x7fffff)) >>> 0;
}

/**
 * Bits of the float16 nearest to the float32 with bits `single`; ties go to the even pattern, and
 * what rounds to 65536 or more becomes infinity. NaN keeps its sign and its upper payload bits.
 */
export function float32BitsToFloat16Bits(single: number): number {
  const sign = (single >>> 16) & 0x8000;
  const magnitude = single & 0x7fffffff;
  if (magnitude > 0x7f800000) {
    // A payload that lies in the lower bits alone would vanish and leave an infinity.
    return sign | 0x7c00 | ((magnitude >>> 13) & 0x3ff || 0x200);
  }
  // 65520 = 0x477ff000 lies halfway between 65504 and 65536, whose pattern would be the even one.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // Normal, ≥ 2⁻¹⁴: adding just under half a unit, and the lowest kept bit, rounds to even; a carry
    // out of the fraction raises the exponent, which is what it should do.
    const rebiased = magnitude - (112 << 23);
    return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
  }
  const exponent = magnitude >>> 23;
  // Below 2⁻²⁵, half of the smallest subnormal; and no shift beyond 24 further down.
  if (exponent < 102) return sign;
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - exponent;
  const half = 1 << (shift - 1);
  return sign | ((significand + half - 1 + ((significand >>> shift) & 1)) >>> shift);
}

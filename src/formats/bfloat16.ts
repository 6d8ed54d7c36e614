// bfloat16: the upper half of a float32 (1 sign, 8 exponent, 7 fraction bits).

/** Largest finite bfloat16: (2 − 2⁻⁷) · 2¹²⁷. */
export const BFLOAT16_MAX = (2 - 2 ** -7) * 2 ** 127;

/** Bits of the float32 that equals the bfloat16 with bits `half` (exact for every pattern). */
export function bfloat16BitsToFloat32Bits(half: number): number {
  return (half << 16) >>> 0;
}

/**
 * Bits of the bfloat16 nearest to the float32 with bits `single`; ties go to the even pattern, and
 * what rounds beyond the largest finite value becomes infinity. NaN keeps its sign and its upper
 * payload bits.
 */
export function float32BitsToBfloat16Bits(single: number): number {
  if ((single & 0x7fffffff) > 0x7f800000) {
    const upper = single >>> 16;
    // A payload that lies in the lower half alone would vanish and leave an infinity.
    return upper & 0x7f ? upper : upper | 0x40;
  }
  return (single + 0x7fff + ((single >>> 16) & 1)) >>> 16;
}

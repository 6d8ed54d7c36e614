/** A binary floating-point format of 16 bits. */
export interface Format16 {
  exponentBits: number;
  fractionBits: number;
}

/** Value of every finite non-negative pattern, by the definition of the format; ascending. */
export function magnitudes({ exponentBits, fractionBits }: Format16): Float64Array {
  const bias = 2 ** (exponentBits - 1) - 1;
  const steps = 2 ** fractionBits;
  return Float64Array.from({ length: (2 ** exponentBits - 1) * steps }, (_, pattern) => {
    const exponent = Math.floor(pattern / steps);
    const fraction = (pattern % steps) / steps;
    return exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias);
  });
}

/**
 * Pattern of the value nearest to a finite `x`, ties to the even pattern. Midpoints have one bit more
 * than the format, so that float64 holds them exactly and the comparison decides without rounding.
 */
export function nearestPattern(x: number, ascending: Float64Array): number {
  const magnitude = Math.abs(x);
  let low = 0;
  let high = ascending.length; // the pattern of infinity, which stands for the next power of two
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] <= magnitude) low = middle;
    else high = middle;
  }
  const last = ascending.length - 1;
  const above = high <= last ? ascending[high] : 2 * ascending[last] - ascending[last - 1];
  const midpoint = ascending[low] / 2 + above / 2;
  const up = magnitude > midpoint || (magnitude === midpoint && low % 2 === 1);
  return (Object.is(Math.sign(x), -0) || x < 0 ? 0x8000 : 0) | (up ? high : low);
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** Bits of `x` rounded to float32. */
export function bitsOf(x: number): number {
  single[0] = x;
  return word[0];
}

/** The float32 with these bits. */
export function singleOf(bits: number): number {
  word[0] = bits;
  return single[0];
}

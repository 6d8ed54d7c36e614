/**
 * Numbers of [0, 1) for the weights of a parameter, each by its index alone, so that they are the same
 * for any cut into blocks and in any order. Two hashes of 32 bits by the finaliser of MurmurHash3
 * (Appleby 2011) give the 53 bits of a float64.
 */
export function randomScore(seed: number, stream: number): (index: number) => number {
  const first = mix(mix(seed) + Math.imul(stream + 1, 0x9e3779b9));
  const second = mix(first ^ 0x85ebca6b);
  return (index) => {
    const high = mix(mix(index + first) ^ second);
    const low = mix(mix(index + second) ^ first);
    return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
  };
}

/** A bijection of the 32-bit integers. */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

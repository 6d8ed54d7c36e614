/** Scratch arrays by use, kept between calls of a worker and never larger than this, in elements. */
const KEPT = 1 << 20;

const kept = new Map<string, Float64Array>();

/** A float64 array of at least `length` elements for one use of a call; its contents are left over. */
export function scratch(use: string, length: number): Float64Array {
  const known = kept.get(use);
  if (known !== undefined && known.length >= length) return known;
  const array = new Float64Array(length);
  if (length <= KEPT) kept.set(use, array);
  return array;
}

/** The weights of the longest block of a range. */
export function widestBlock(starts: Uint32Array, from: number, to: number): number {
  let widest = 0;
  for (let b = from; b < to; b++) widest = Math.max(widest, starts[b + 1] - starts[b]);
  return widest;
}

/**
 * A part of a tensor, row-major: `rows` runs of `length` elements, the first one at flat index `begin`,
 * each `stride` elements behind the one before.
 */
export interface Region {
  begin: number;
  length: number;
  rows: number;
  stride: number;
}

/** All of a tensor of `size` elements. */
export function wholeRegion(size: number): Region {
  return { begin: 0, length: size, rows: 1, stride: size };
}

/** Elements of a region. */
export function regionSize({ length, rows }: Region): number {
  return length * rows;
}

/** The flat index in the tensor of element `at` of a region. */
export function flatIndex({ begin, length, stride }: Region, at: number): number {
  return begin + Math.floor(at / length) * stride + (at % length);
}

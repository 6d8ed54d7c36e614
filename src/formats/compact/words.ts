/**
 * Elements as unsigned integers, whatever their dtype: the only view in which -0.0 and every NaN keep
 * their bits. An element of 8 bytes is two words.
 */
export interface Words {
  array: Uint8Array | Uint16Array | Uint32Array;
  /** Words of an element. */
  lanes: 1 | 2;
}

/**
 * The elements of `width` bytes (1, 2, 4 or 8) in `bytes`, whose offset in its buffer is a multiple
 * of the width.
 */
export function wordsOf(bytes: Uint8Array, width: number): Words {
  const { buffer, byteOffset, byteLength } = bytes;
  if (width === 1) return { array: bytes, lanes: 1 };
  if (width === 2) {
    return { array: new Uint16Array(buffer, byteOffset, byteLength / 2), lanes: 1 };
  }
  const array = new Uint32Array(buffer, byteOffset, byteLength / 4);
  return { array, lanes: width === 4 ? 1 : 2 };
}

/** The numbers 0 … 2^(8·width) − 1, width 1, 2 or 4, in `bytes`. */
export function indicesOf(bytes: Uint8Array, width: 1 | 2 | 4): Words['array'] {
  return wordsOf(bytes, width).array;
}

/** 1 for a word that is not 0, else 0, without a branch: which bits are set is mostly random. */
export function isNonzero(word: number): 0 | 1 {
  return ((word | -word) >>> 31) as 0 | 1;
}

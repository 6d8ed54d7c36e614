import { DTYPE_BYTES } from '../dtypes.js';
import { evenCuts } from './cuts.js';
import type { Layout } from './layout.js';
import { occupiedBits, type Words, wordsOf } from './words.js';

/**
 * One bit an element, and the stored elements one after the other.
 *
 *     bitmask  U8 [⌈size / 8⌉]   bit i mod 8 (from the lowest) of byte ⌊i / 8⌋: element i is stored
 *     values   dtype [stored]    in the order of their indices
 */
export const bitmask: Layout = {
  name: 'bitmask',

  parts({ dtype, size }, stored) {
    return [
      { suffix: 'bitmask', dtype: 'U8', shape: [Math.ceil(size / 8)] },
      { suffix: 'values', dtype, shape: [stored] },
    ];
  },

  cuts({ size }) {
    return evenCuts(size);
  },

  packer({ dtype }, [bits, values]) {
    const width = DTYPE_BYTES[dtype];
    return async (piece, begin, end) => {
      const count = end - begin;
      const mask = await bits.room(Math.ceil(count / 8));
      const room = await values.room(count * width);
      const stored = packBitmask(piece, count, mask, wordsOf(room, width).array);
      bits.wrote(mask.byteLength);
      values.wrote(stored * width);
    };
  },

  unpacker({ dtype, size }, [bits, values], fail) {
    const width = DTYPE_BYTES[dtype];
    return async (piece, begin, end) => {
      const mask = await bits.take(Math.ceil((end - begin) / 8));
      const stored = onesIn(mask);
      if (stored * width > values.remaining) {
        fail(`the bitmask has more ones than the ${values.bytes / width} stored values`);
      }
      if (end === size) {
        const beyond = size % 8 === 0 ? 0 : mask[mask.length - 1] >>> (size % 8);
        if (beyond !== 0) fail(`the bitmask has ones beyond the last of the ${size} elements`);
        const left = values.remaining / width - stored;
        if (left > 0) {
          fail(`the bitmask has ${left} ones less than the ${values.bytes / width} stored values`);
        }
      }
      const source = wordsOf(await values.take(stored * width), width).array;
      unpackBitmask(mask, source, piece, end - begin);
    };
  },
};

const ONES = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte.toString(2).replaceAll('0', '').length,
);

function onesIn(mask: Uint8Array): number {
  let ones = 0;
  for (let i = 0; i < mask.length; i++) ones += ONES[mask[i]];
  return ones;
}

function packBitmask(
  piece: Words,
  count: number,
  mask: Uint8Array,
  values: Words['array'],
): number {
  const { array, lanes } = piece;
  let next = 0;
  for (let byte = 0; byte < mask.length; byte++) {
    const first = 8 * byte;
    const occupied = occupiedBits(piece, first, Math.min(8, count - first));
    mask[byte] = occupied;
    for (let bits = occupied; bits !== 0; bits &= bits - 1) {
      const i = first + 31 - Math.clz32(bits & -bits);
      if (lanes === 1) {
        values[next++] = array[i];
      } else {
        values[next++] = array[2 * i];
        values[next++] = array[2 * i + 1];
      }
    }
  }
  return next / lanes;
}

function unpackBitmask(
  mask: Uint8Array,
  values: Words['array'],
  { array, lanes }: Words,
  count: number,
): void {
  array.fill(0, 0, count * lanes);
  let next = 0;
  for (let byte = 0; byte < mask.length; byte++) {
    for (let bits = mask[byte]; bits !== 0; bits &= bits - 1) {
      const i = 8 * byte + 31 - Math.clz32(bits & -bits);
      if (lanes === 1) {
        array[i] = values[next++];
      } else {
        array[2 * i] = values[next++];
        array[2 * i + 1] = values[next++];
      }
    }
  }
}

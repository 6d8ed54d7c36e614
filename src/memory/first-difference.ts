import { inPieces } from './pieces.js';

/** Elements of any two kinds of array that are compared in a few ms. */
const COMPARED = 1 << 18;

/** The first index at which two arrays of the same length differ, or −1; in pieces. */
export async function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): Promise<number> {
  let at = -1;
  await inPieces(
    a.length,
    (begin, end) => {
      for (let i = begin; at === -1 && i < end; i++) if (a[i] !== b[i]) at = i;
    },
    COMPARED,
  );
  return at;
}

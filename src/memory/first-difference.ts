import { inPieces } from './pieces.js';

/** The first index at which two arrays of the same length differ, or −1; in pieces. */
export async function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): Promise<number> {
  let at = -1;
  await inPieces(a.length, (begin, end) => {
    for (let i = begin; at === -1 && i < end; i++) if (a[i] !== b[i]) at = i;
  });
  return at;
}

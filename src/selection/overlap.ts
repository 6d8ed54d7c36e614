import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { inPieces } from '../memory/pieces.js';

/** Weights that were there and are in neither of two sets of masks, by parameter. */
export async function prunedInBoth(
  parameters: readonly BlockedParameter[],
  a: readonly Uint8Array[],
  b: readonly Uint8Array[],
): Promise<number[]> {
  const counts = parameters.map(() => 0);
  for (const [i, { mask }] of parameters.entries()) {
    await inPieces(mask.length, (begin, end) => {
      for (let c = begin; c < end; c++) counts[i] += mask[c] & ~(a[i][c] | b[i][c]) & 1;
    });
  }
  return counts;
}

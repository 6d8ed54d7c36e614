import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { inPieces } from '../memory/pieces.js';
import type { RunContext } from '../pool/run-context.js';
import type { GroupModel } from './group-model.js';

/** Masks of weights from those of their groups, in block order; weights in no group stay. */
export async function spreadMasks(
  { lease }: RunContext,
  parameters: readonly BlockedParameter[],
  { members }: GroupModel,
  groupMasks: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const masks = parameters.map(({ size }) => lease.uint8(size));
  for (const [i, { mask, size }] of parameters.entries()) {
    const { list, of } = members[i];
    await inPieces(size, (begin, end) => {
      for (let c = begin; c < end; c++) {
        const g = of(c);
        masks[i][c] = g === -1 ? mask[c] : mask[c] & groupMasks[list][g];
      }
    });
  }
  return masks;
}

/** Weights of each parameter that are in the mask before and not in the one after. */
export async function countPruned(
  parameters: readonly BlockedParameter[],
  masks: readonly Uint8Array[],
): Promise<number[]> {
  const pruned = parameters.map(() => 0);
  for (const [i, { mask, size }] of parameters.entries()) {
    await inPieces(size, (begin, end) => {
      for (let c = begin; c < end; c++) pruned[i] += mask[c] - masks[i][c];
    });
  }
  return pruned;
}

import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { toModelLayout } from '../blocks/layout.js';
import { fillInPieces } from '../memory/pieces.js';
import type { Parameter } from '../parameters.js';

/** A parameter after pruning, in its own layout. */
export interface PrunedParameter {
  name: string;
  shape: readonly number[];
  data: Float32Array;
  /** 1 = kept, 0 = pruned. All 1 for parameters that are not prunable. */
  mask: Uint8Array;
  /** With the option `scores`, of prunable parameters. */
  scores?: Float32Array;
}

/** The model as it stands, in its own layout, on memory of its own or, in place, on the caller's. */
export async function inModelLayout(
  parameters: readonly Parameter[],
  blocked: readonly BlockedParameter[],
  masks: readonly Uint8Array[],
  inPlace = false,
): Promise<PrunedParameter[]> {
  const results: PrunedParameter[] = [];
  for (const { name, shape, data } of parameters) {
    const result = { name, shape, data, mask: new Uint8Array(data.length) };
    const at = blocked.findIndex((parameter) => parameter.name === name);
    if (at === -1) {
      if (!inPlace) result.data = data.slice();
      await fillInPieces(result.mask, 1);
    } else {
      if (!inPlace) result.data = new Float32Array(data.length);
      const { order, weights } = blocked[at];
      await toModelLayout(order, masks[at], result.mask);
      await toModelLayout(order, weights, result.data);
    }
    results.push(result);
  }
  return results;
}

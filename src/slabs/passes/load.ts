import type { LoadedSlice } from '../loaded-slice.js';
import { loadSlab } from '../slab-parameters.js';
import type { SlabWork } from '../slab-work.js';

/** Reads the weights of slab k, with the time that it takes. */
export async function load({ context, run, clock }: SlabWork, k: number): Promise<LoadedSlice[]> {
  const { plan, input } = run;
  return await clock.time('read', () => loadSlab(context, plan.slabs[k], k, input));
}

/** By slice: weights that were pruned before. */
export function prunedBeforeOf(loaded: readonly LoadedSlice[]): number[] {
  return loaded.map(({ parameter }) => parameter.prunedBefore);
}

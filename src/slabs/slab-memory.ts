import type { BlockShape } from '../fisher/block-shape.js';
import { wholeParameters } from '../fisher/spans.js';
import { plannedBytes } from '../memory/array-plan.js';
import { memoryOf } from '../plan/memory.js';
import type { RunPlan } from '../plan/run-plan.js';
import { QUANTILES } from '../report/statistics.js';
import { countArrays, rankingParts } from '../selection/rank.js';
import { hasPlaces, type Slab, type Slice, sizeOfRegion, sliceSize } from './slice.js';

/** The shape of a slice, as if it were a parameter of its own. Blocks keep the layout they have in the whole. */
export function sliceShape(slice: Slice): BlockShape {
  return {
    ...slice.shape,
    size: sliceSize(slice),
    modelSize: sizeOfRegion(slice),
    blockCount: slice.toBlock - slice.fromBlock,
  };
}

/** The run of a slab alone. */
export function slabRun(plan: RunPlan, slab: Slab): RunPlan {
  return {
    ...plan,
    shapes: slab.map(sliceShape),
    allWeights: 0,
    inPlace: true,
    measuresLoss: false,
    scores: false,
  };
}

/**
 * Bytes that work on a slab takes at most: those of a run of its blocks, where their weights stand, and the
 * part of the tensor they come from; or those of the selection.
 */
export function slabBytes(plan: RunPlan, slab: Slab): number {
  return Math.max(
    memoryOf(slabRun(plan, slab)).total + besideBytes(slab),
    selectionBytes(plan, slab),
  );
}

/** Bytes of a pass of the selection over a slab: its scores, places and masks, and counts to add its own to. */
export function selectionBytes({ threads }: RunPlan, slab: Slab): number {
  const scores = slab.reduce((sum, slice) => sum + 24 * sliceSize(slice), 0);
  const parts = rankingParts(wholeParameters(slab.map(sliceShape)), threads).length;
  return scores + (1 + parts) * plannedBytes(countArrays(QUANTILES.length));
}

/** Of them those that a run with the model in memory does not have. */
export function besideBytes(slab: Slab): number {
  return slab.reduce((sum, slice) => {
    const places = hasPlaces(slice) ? 8 * sliceSize(slice) : 0;
    return sum + places + 5 * sizeOfRegion(slice) + sliceSize(slice);
  }, 64);
}

import type { BlockShape } from '../blocks/block-shape.js';
import { wholeParameters } from '../blocks/spans.js';
import { plannedBytes } from '../memory/array-plan.js';
import { memoryOf } from '../plan/memory.js';
import type { RunPlan } from '../plan/run-settings.js';
import { workOf } from '../plan/work.js';
import { QUANTILES } from '../report/statistics.js';
import { countArrays, rankingParts } from '../selection/rank.js';
import { hasPlaces, type Slab, type Slice, sizeOfRegion, sliceGroups, sliceSize } from './slice.js';

/** The shape of a slice, as if it were a parameter of its own. Blocks keep the layout they have in the whole. */
export function sliceShape(slice: Slice): BlockShape {
  return {
    ...slice.shape,
    size: sliceSize(slice),
    modelSize: sizeOfRegion(slice),
    blockCount: slice.toBlock - slice.fromBlock,
    groups: sliceGroups(slice),
  };
}

/** The run of a slab alone. */
function slabRun(plan: RunPlan, slab: Slab): RunPlan {
  return {
    ...plan,
    shapes: slab.map(sliceShape),
    allWeights: 0,
    inPlace: true,
    measuresLoss: false,
    scores: false,
  };
}

/** What work on a slab takes at most. */
export interface SlabNeeds {
  /** Bytes of everything: a run of its blocks, with what is beside it; or the selection. */
  total: number;
  /** Bytes of arrays in such a run. */
  shared: number;
  /** Bytes of the kernels, in all threads. */
  scratch: number;
  /** Bytes of arrays in a pass of the selection. */
  selection: number;
  flops: number;
  /** Of all gradient samples. */
  values: number;
}

/** What tells the needs of slabs of a plan; of slabs that are alike they are counted once. */
export function slabMeter(plan: RunPlan): (slab: Slab) => SlabNeeds {
  const known = new Map<string, SlabNeeds>();
  return (slab) => {
    const key = slab.map(likeness).join();
    const before = known.get(key);
    if (before !== undefined) return before;
    const needs = needsOf(plan, slab);
    known.set(key, needs);
    return needs;
  };
}

/** What the needs of a slice depend on. */
function likeness(slice: Slice): string {
  const { shape, fromBlock, toBlock } = slice;
  return `${shape.blockOrder} ${toBlock - fromBlock} ${sliceSize(slice)} ${sizeOfRegion(slice)} ${hasPlaces(slice)}`;
}

function needsOf(plan: RunPlan, slab: Slab): SlabNeeds {
  const run = slabRun(plan, slab);
  const { total, shared, scratch } = memoryOf(run);
  const beside = besideBytes(slab);
  const selection = selectionBytes(plan, slab);
  const { accumulate, invert, score, update } = workOf(run);
  return {
    total: Math.max(total + beside, selection),
    shared: shared + beside,
    ...{ scratch, selection },
    flops: accumulate + invert + score + update,
    values: run.shapes.reduce((sum, { size }) => sum + size, 0) * (plan.samples ?? 1),
  };
}

/**
 * Bytes of a pass of the selection over a slab: its scores, places and masks, and counts to add its own to.
 * Groups have the number of their weights beside, but there are at most half as many of them.
 */
function selectionBytes({ threads }: RunPlan, slab: Slab): number {
  const scores = slab.reduce((sum, slice) => sum + 24 * sliceSize(slice), 0);
  const parts = rankingParts(wholeParameters(slab.map(sliceShape)), threads).length;
  return scores + (1 + parts) * plannedBytes(countArrays(QUANTILES.length));
}

/** Of them those that a run with the model in memory does not have. */
function besideBytes(slab: Slab): number {
  return slab.reduce((sum, slice) => {
    const places = hasPlaces(slice) ? 8 * sliceSize(slice) : 0;
    return sum + places + 5 * sizeOfRegion(slice) + sliceSize(slice);
  }, 64);
}

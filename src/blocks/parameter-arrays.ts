import type { Lease } from '../memory/arena.js';
import type { ArrayPlan } from '../memory/array-plan.js';
import type { BlockShape } from './block-shape.js';
import { cutBlocks } from './cut-blocks.js';

/** The arrays of a parameter that a run has from its beginning to its end, or to the next step. */
export function weightArrays({ size, blockCount }: BlockShape) {
  return {
    starts: ['uint32', blockCount + 1],
    mask: ['uint8', size],
    weights: ['float32', size],
  } as const satisfies ArrayPlan;
}

/** What is there beside them where blocks hold the weights that are still there alone. */
export function placeArrays({ size }: BlockShape) {
  return { places: ['uint32', size] } as const satisfies ArrayPlan;
}

/** Allocates the arrays of a parameter and says where its blocks begin. */
export function parameterArrays(shape: BlockShape, blockSize: number, lease: Lease) {
  const arrays = lease.arrays(weightArrays(shape));
  let block = 0;
  for (const begin of cutBlocks(shape.size, blockSize, shape.groups?.grid)) {
    arrays.starts[block++] = begin;
  }
  return arrays;
}

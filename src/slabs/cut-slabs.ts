import type { RunPlan } from '../plan/run-plan.js';
import { workOf } from '../plan/work.js';
import { slabBytes, slabRun } from './slab-memory.js';
import { type Slab, type Slice, sizeOfRegion } from './slice.js';

/** Flops of a slab at most: some seconds on two cores, which is what a crash may cost. */
const MOST_FLOPS = 1e11;

/** Weights times samples of a slab at most: some seconds of reading. */
const MOST_VALUES = 1e9;

/**
 * Cuts a model into slabs of whole blocks, in the order of its parameters, each of which takes at most
 * `limit` bytes and some seconds. A pure function of shapes and settings.
 *
 * @returns undefined where not even one block fits.
 */
export function cutSlabs(plan: RunPlan, limit: number): Slab[] | undefined {
  const slabs: Slab[] = [];
  let slab: Slice[] = [];
  let usual = 0;
  for (const [index, shape] of plan.shapes.entries()) {
    for (let fromBlock = 0; fromBlock < shape.blockCount; ) {
      const until = (toBlock: number): Slice => ({
        ...{ index, shape, blockSize: plan.blockSize, fromBlock, toBlock },
      });
      const fits = (toBlock: number): boolean => fitsLimits(plan, [...slab, until(toBlock)], limit);
      const toBlock = largest(fromBlock, shape.blockCount, fits, fromBlock + usual);
      usual = toBlock - fromBlock;
      if (toBlock === fromBlock && slab.length === 0) return undefined;
      if (toBlock > fromBlock) slab.push(until(toBlock));
      if (toBlock < shape.blockCount) {
        slabs.push(slab);
        slab = [];
      }
      fromBlock = toBlock;
    }
  }
  if (slab.length > 0) slabs.push(slab);
  return slabs;
}

/** Bytes that a limit must allow: those of the block that takes most. */
export function leastSlabBytes(plan: RunPlan): number {
  const bytes = plan.shapes.map((shape, index) => {
    const blockAt = (fromBlock: number): Slice => ({
      ...{ index, shape, blockSize: plan.blockSize, fromBlock, toBlock: fromBlock + 1 },
    });
    // Where outputs are not outermost, blocks that begin inside of one reach into more of them.
    let largest = blockAt(0);
    for (let k = 1; shape.order.before > 1 && k < shape.blockCount; k++) {
      if (sizeOfRegion(blockAt(k)) > sizeOfRegion(largest)) largest = blockAt(k);
    }
    const last = blockAt(shape.blockCount - 1);
    return Math.max(slabBytes(plan, [largest]), slabBytes(plan, [last]));
  });
  return Math.max(...bytes);
}

function fitsLimits(plan: RunPlan, slab: Slab, limit: number): boolean {
  if (slabBytes(plan, slab) > limit) return false;
  const blocks = slab.reduce((sum, { fromBlock, toBlock }) => sum + toBlock - fromBlock, 0);
  if (blocks === 1) return true;
  const run = slabRun(plan, slab);
  const { accumulate, invert, score, update } = workOf(run);
  const values = run.shapes.reduce((sum, { size }) => sum + size, 0) * (plan.samples ?? 1);
  return accumulate + invert + score + update <= MOST_FLOPS && values <= MOST_VALUES;
}

/**
 * The largest value in [from, to] for which a condition holds that holds up to some value; `from` where
 * none. Looked for around a guess first: most slabs are as large as the one before.
 */
function largest(
  from: number,
  to: number,
  holds: (value: number) => boolean,
  guess: number,
): number {
  if (holds(to)) return to;
  let [low, high] = [from, to];
  if (guess > from && guess < to) {
    if (holds(guess)) low = guess;
    else high = guess;
    const beside = low === guess ? guess + 1 : guess - 1;
    if (beside > from && beside < to) {
      if (holds(beside)) low = Math.max(low, beside);
      else high = Math.min(high, beside);
    }
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

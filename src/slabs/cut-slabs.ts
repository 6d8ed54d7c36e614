import type { RunPlan } from '../plan/run-settings.js';
import type { SlabNeeds } from './slab-memory.js';
import { isDivisible, type Slab, type Slice, sizeOfRegion } from './slice.js';

/** Flops of a slab at most: some seconds on two cores, which is what a crash may cost. */
const MOST_FLOPS = 1e11;

/** Values of gradients of a slab at most: some seconds of reading. */
const MOST_VALUES = 1e9;

/**
 * Cuts a model into slabs of whole blocks, in the order of its parameters, each of which takes at most
 * `limit` bytes and some seconds. A pure function of shapes and settings.
 *
 * @param needsOf See slabMeter.
 * @returns undefined where not even one block fits.
 */
export function cutSlabs(
  plan: RunPlan,
  limit: number,
  needsOf: (slab: Slab) => SlabNeeds,
): Slab[] | undefined {
  const slabs: Slab[] = [];
  let slab: Slice[] = [];
  let usual = 1;
  for (const [index, shape] of plan.shapes.entries()) {
    for (let fromBlock = 0; fromBlock < shape.blockCount; ) {
      const until = (toBlock: number): Slice => ({
        ...{ index, shape, blockSize: plan.blockSize, fromBlock, toBlock },
      });
      const fits = (toBlock: number): boolean => {
        const tried = [...slab, until(toBlock)];
        const { total, flops, values } = needsOf(tried);
        const quick = flops <= MOST_FLOPS && values <= MOST_VALUES;
        return total <= limit && (quick || blocksIn(tried) === 1);
      };
      const guess = fromBlock + usual - blocksIn(slab);
      const toBlock = isDivisible(shape)
        ? largest(fromBlock, shape.blockCount, fits, guess)
        : fits(shape.blockCount)
          ? shape.blockCount
          : fromBlock;
      if (toBlock === fromBlock && slab.length === 0) return undefined;
      if (toBlock > fromBlock) slab.push(until(toBlock));
      if (toBlock < shape.blockCount) {
        usual = blocksIn(slab);
        slabs.push(slab);
        slab = [];
      }
      fromBlock = toBlock;
    }
  }
  if (slab.length > 0) slabs.push(slab);
  return slabs;
}

/** Bytes that a limit must allow: those of the block, or the parameter that is not divided, that takes most. */
export function leastSlabBytes(plan: RunPlan, needsOf: (slab: Slab) => SlabNeeds): number {
  const bytes = plan.shapes.map((shape, index) => {
    if (!isDivisible(shape)) {
      const { blockSize } = plan;
      return needsOf([{ index, shape, blockSize, fromBlock: 0, toBlock: shape.blockCount }]).total;
    }
    const blockAt = (fromBlock: number): Slice => ({
      ...{ index, shape, blockSize: plan.blockSize, fromBlock, toBlock: fromBlock + 1 },
    });
    // Where outputs are not outermost, blocks that begin inside of one reach into more of them.
    let largest = blockAt(0);
    for (let k = 1; shape.order.before > 1 && k < shape.blockCount; k++) {
      if (sizeOfRegion(blockAt(k)) > sizeOfRegion(largest)) largest = blockAt(k);
    }
    const last = blockAt(shape.blockCount - 1);
    return Math.max(needsOf([largest]).total, needsOf([last]).total);
  });
  return Math.max(...bytes);
}

function blocksIn(slab: Slab): number {
  return slab.reduce((sum, { fromBlock, toBlock }) => sum + toBlock - fromBlock, 0);
}

/**
 * The largest value in [from, to] for which a condition holds that holds up to some value; `from` where
 * none. Looked for from a guess on, in steps twice as large each time: most slabs are as large as the one
 * before.
 */
function largest(
  from: number,
  to: number,
  holds: (value: number) => boolean,
  guess: number,
): number {
  let [low, high] = [from, to + 1];
  let value = Math.min(Math.max(guess, from + 1), to);
  for (let step = 1; low < value && value < high; step *= 2) {
    if (holds(value)) {
      low = value;
      if (high <= to) break;
      value = Math.min(value + step, to);
    } else {
      high = value;
      if (low > from) break;
      value = Math.max(value - step, from + 1);
    }
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

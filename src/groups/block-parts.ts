import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import type { Lease } from '../memory/arena.js';
import { inPieces } from '../memory/pieces.js';

/** Weights that are sorted before the event loop turns. */
const WEIGHTS_A_PIECE = 1 << 17;

/** Larger than any place within a block. */
const PLACES = 65536;

/** The parts of groups that lie in some blocks, block by block, by group number within each. */
export interface BlockParts {
  /** Members, ascending within a part. */
  indices: Uint32Array;
  /** Where each part begins in `indices`, and one more. */
  offsets: Uint32Array;
  /** The group of each part. */
  groups: Uint32Array;
  /** The first part of block `from` + i, and one more. */
  firstOfBlock: number[];
}

/** Parts in the blocks [from, to) of the groups of a parameter, without what was pruned before. */
export async function blockParts(
  lease: Lease,
  parameter: BlockedParameter,
  of: (c: number) => number,
  from: number,
  to: number,
): Promise<BlockParts> {
  const { starts, blockOrder } = parameter;
  const weights = starts[to] - starts[from];
  const parts: BlockParts = {
    indices: lease.uint32(weights),
    offsets: lease.uint32(weights + 1),
    groups: lease.uint32(weights),
    firstOfBlock: [0],
  };
  const keys = new Float64Array(blockOrder);
  let count = 0;
  parts.offsets[0] = 0;
  await inPieces(
    to - from,
    (begin, end) => {
      for (let block = from + begin; block < from + end; block++) {
        count = addBlock(parts, count, sortedKeys(parameter, of, block, keys), starts[block]);
        parts.firstOfBlock.push(count);
      }
    },
    Math.max(1, Math.floor(WEIGHTS_A_PIECE / blockOrder)),
  );
  return parts;
}

/** Group and place of each member, as one number, ascending. */
function sortedKeys(
  { starts, mask }: BlockedParameter,
  of: (c: number) => number,
  block: number,
  keys: Float64Array,
): Float64Array {
  const begin = starts[block];
  let length = 0;
  let sorted = true;
  for (let c = begin; c < starts[block + 1]; c++) {
    const g = mask[c] === 0 ? -1 : of(c);
    if (g === -1) continue;
    const key = g * PLACES + (c - begin);
    sorted &&= length === 0 || keys[length - 1] < key;
    keys[length++] = key;
  }
  const own = keys.subarray(0, length);
  return sorted ? own : own.sort();
}

/** Appends the parts of a block to the first `count`; returns how many there are then. */
function addBlock(
  { indices, offsets, groups }: BlockParts,
  count: number,
  keys: Float64Array,
  begin: number,
): number {
  let parts = count;
  let at = offsets[count];
  for (const key of keys) {
    const g = Math.floor(key / PLACES);
    if (parts === count || groups[parts - 1] !== g) groups[parts++] = g;
    indices[at++] = begin + (key - g * PLACES);
    offsets[parts] = at;
  }
  return parts;
}

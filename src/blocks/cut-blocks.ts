import type { GroupGrid } from '../engine/kernels.js';

/**
 * The first weight of each block and, last, `size`. A block is as long as it may be, and ends where no
 * group of the grid is cut. Groups that are larger than a block (with those between them) do lie in
 * several.
 */
export function* cutBlocks(size: number, blockSize: number, grid?: GroupGrid): Generator<number> {
  let begin = 0;
  while (begin < size) {
    yield begin;
    const end = Math.min(begin + blockSize, size);
    begin = end === size || grid === undefined ? end : end - insideTile(end, blockSize, grid);
  }
  yield size;
}

/** How far weight c is from the beginning of the groups that it is in the middle of. */
function insideTile(c: number, blockSize: number, { size, length, step }: GroupGrid): number {
  const tile = size * step;
  if (tile > blockSize) return 0;
  const at = c % (length * step);
  return at < Math.floor(length / size) * tile ? at % tile : 0;
}

/** How many blocks these are, and the weights of the longest. */
export function blocksOf(
  size: number,
  blockSize: number,
  grid?: GroupGrid,
): { blockCount: number; blockOrder: number } {
  if (grid === undefined) {
    return { blockCount: Math.ceil(size / blockSize), blockOrder: Math.min(blockSize, size) };
  }
  let [blockCount, blockOrder, begin] = [-1, 0, 0];
  for (const end of cutBlocks(size, blockSize, grid)) {
    blockOrder = Math.max(blockOrder, end - begin);
    begin = end;
    blockCount++;
  }
  return { blockCount, blockOrder };
}

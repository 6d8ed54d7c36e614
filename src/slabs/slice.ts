import type { BlockShape } from '../blocks/block-shape.js';
import { cutBlocks } from '../blocks/cut-blocks.js';
import type { ParameterGroups } from '../blocks/parameter-groups.js';
import type { AxisOrder } from '../engine/kernels.js';
import { type Region, regionSize, wholeRegion } from '../files/region.js';

/** Blocks of one parameter, in block order. */
export interface Slice {
  /** Position of the parameter among the prunable ones. */
  index: number;
  /** The whole parameter. */
  shape: BlockShape;
  blockSize: number;
  fromBlock: number;
  toBlock: number;
}

/** Blocks that are in memory together, at most one run of each parameter. */
export type Slab = readonly Slice[];

/**
 * Whether a parameter may be cut between any two of its blocks. Where rows are no multiple of the groups in
 * them, blocks differ in length, and it goes as a whole.
 */
export function isDivisible({ groups }: BlockShape): boolean {
  return groups === undefined || groups.count === 0 || groups.dense === 0;
}

/** Weights [from, to) of a slice in block order. */
export function boundsOf({ shape, fromBlock, toBlock }: Slice): [number, number] {
  const { size, blockCount, blockOrder } = shape;
  return [fromBlock * blockOrder, toBlock === blockCount ? size : toBlock * blockOrder];
}

/** Fills in where the blocks of a slice begin, and last where it ends. */
export function fillStarts(slice: Slice, starts: Uint32Array): void {
  let block = 0;
  for (const begin of cutBlocks(sliceSize(slice), slice.blockSize, sliceGroups(slice)?.grid)) {
    starts[block++] = begin;
  }
}

/** Weights of a slice. */
export function sliceSize(slice: Slice): number {
  const [from, to] = boundsOf(slice);
  return to - from;
}

/** The groups of a slice, numbered from its first one on. */
export function sliceGroups(slice: Slice): ParameterGroups | undefined {
  const { groups } = slice.shape;
  if (groups === undefined || isWhole(slice)) return groups;
  const { grid, size, count } = groups;
  if (grid === undefined || count === 0) return { ...groups, dense: sliceSize(slice) };
  // Rows are full of groups, so that a row of one is as good as one of many, wherever a slice begins.
  const tile = size * grid.step;
  return {
    ...groups,
    count: sliceSize(slice) / size,
    grid: { ...grid, length: size },
    of: (c) => Math.floor(c / tile) * grid.step + (c % grid.step),
  };
}

/** The number in its parameter of the first group of a slice. */
export function firstGroup(slice: Slice): number {
  const { groups } = slice.shape;
  return groups === undefined || isWhole(slice) ? 0 : boundsOf(slice)[0] / groups.size;
}

function isWhole({ shape, fromBlock, toBlock }: Slice): boolean {
  return fromBlock === 0 && toBlock === shape.blockCount;
}

/** Outputs [first, end) that a slice has weights of, all or some. */
function outputsOf(slice: Slice): [number, number] {
  const { before, after } = slice.shape.order;
  const [from, to] = boundsOf(slice);
  return [Math.floor(from / (before * after)), Math.ceil(to / (before * after))];
}

/**
 * The part of the tensor that holds a slice. Where the outputs are outermost it holds nothing else; where
 * they are not, the first and the last output may be shared with other slices.
 */
export function regionOf(slice: Slice): Region {
  const { order, modelSize } = slice.shape;
  if (isWhole(slice)) return wholeRegion(modelSize);
  if (order.before === 1) {
    const [from, to] = boundsOf(slice);
    return { begin: from, length: to - from, rows: 1, stride: modelSize };
  }
  const [first, end] = outputsOf(slice);
  return {
    begin: first * order.after,
    length: (end - first) * order.after,
    rows: order.before,
    stride: order.outputs * order.after,
  };
}

/** Whether the weights of a slice need a list of their places. */
export function hasPlaces(slice: Slice): boolean {
  return !isWhole(slice);
}

/** Where the weights of a slice stand in its region, and in the whole tensor; `places` is filled. */
export function ordersOf(
  slice: Slice,
  places: { inRegion?: Uint32Array; inTensor?: Uint32Array },
): { inRegion: AxisOrder; inTensor: AxisOrder } {
  const { order } = slice.shape;
  if (isWhole(slice)) return { inRegion: order, inTensor: order };
  const [from, to] = boundsOf(slice);
  const inTensor = { ...order, places: consecutive(places.inTensor, from) };
  if (order.before === 1) {
    return { inRegion: { before: 1, outputs: 1, after: to - from }, inTensor };
  }
  const [first, end] = outputsOf(slice);
  const start = from - first * order.before * order.after;
  return {
    inRegion: { ...order, outputs: end - first, places: consecutive(places.inRegion, start) },
    inTensor,
  };
}

/** Numbers that follow each other; none where there is no room for them. */
export function consecutive(
  places: Uint32Array | undefined,
  first: number,
): Uint32Array | undefined {
  for (let c = 0; places !== undefined && c < places.length; c++) places[c] = first + c;
  return places;
}

/**
 * The elements of row `row` of a slice's region that are its own, as positions in that row: the others
 * belong to the slices before and after it.
 */
export function ownColumns(slice: Slice, row: number): [number, number] {
  const { before, after } = slice.shape.order;
  if (isWhole(slice) || before === 1) return [0, regionOf(slice).length];
  const [from, to] = boundsOf(slice);
  const [first] = outputsOf(slice);
  /** Elements of the row, from the region's first output on, that stand before a place. */
  const columnOf = (place: number): number => {
    const output = Math.floor(place / (before * after));
    const rest = place - output * before * after - row * after;
    return (output - first) * after + Math.min(Math.max(rest, 0), after);
  };
  return [columnOf(from), columnOf(to)];
}

/** Elements that the region of a slice has. */
export function sizeOfRegion(slice: Slice): number {
  return regionSize(regionOf(slice));
}

import { open } from 'node:fs/promises';
import type { PrunedPiece, PrunedTensor } from '../files/pruned-model.js';
import { regionSize } from '../files/region.js';
import { toModelLayout } from '../fisher/layout.js';
import { readFully } from '../formats/safetensors/positioned-read.js';
import type { RunContext } from '../pool/run-context.js';
import { atStep } from '../updates/search-step.js';
import { readArrays } from './slab-arrays.js';
import type { LoadedSlice } from './slab-parameters.js';
import type { Kept, SlabRecords } from './slab-records.js';
import { ownColumns, regionOf, type Slab, type Slice, sizeOfRegion } from './slice.js';

/** Elements of a piece at most. */
const PIECE = 256 * 1024;

/** Bytes of a weight and a mask. */
const BYTES = 5;

/** Weights with masks: what became of them, or would with α = 0 and α = 1. */
type KeptWeights = Extract<Kept, 'results' | 'zero' | 'one'>;

/** Writes what became of a slab, in the layout of its regions. */
export async function keepResults(
  { lease }: RunContext,
  records: SlabRecords,
  slab: number,
  loaded: readonly LoadedSlice[],
  masks: readonly Uint8Array[],
  what: KeptWeights = 'results',
): Promise<void> {
  const arrays: ArrayBufferView[] = [];
  for (const [i, { parameter, region }] of loaded.entries()) {
    const data = lease.float32(regionSize(region));
    const mask = lease.uint8(regionSize(region));
    await toModelLayout(parameter.order, parameter.weights, data);
    await toModelLayout(parameter.order, masks[i], mask);
    arrays.push(data, mask);
  }
  await records.keep(what, slab, arrays);
}

/** Reads them back: the weights and masks of a slice, in the layout of its region. */
export async function readResult(
  records: SlabRecords,
  slab: Slab,
  index: number,
  slice: Slice,
  arrays: readonly [Float32Array, Uint8Array],
): Promise<void> {
  const before = slab.slice(0, slab.indexOf(slice));
  const position = before.reduce((sum, one) => sum + BYTES * sizeOfRegion(one), 0);
  await readArrays(records.path('results', index), arrays, position);
}

/** Where the results of a slice stand. */
interface Placed {
  slice: Slice;
  path: string;
  position: number;
}

/** The tensors that the results of all slabs make up, in the order of the parameters. */
export function resultTensors(
  parameters: readonly { name: string; shape: readonly number[] }[],
  slabs: readonly Slab[],
  records: SlabRecords,
  what: KeptWeights = 'results',
): PrunedTensor[] {
  const placed: Placed[][] = parameters.map(() => []);
  for (const [k, slab] of slabs.entries()) {
    let position = 0;
    for (const slice of slab) {
      placed[slice.index].push({ slice, path: records.path(what, k), position });
      position += BYTES * sizeOfRegion(slice);
    }
  }
  return parameters.map(({ name, shape }, i) => ({ name, shape, pieces: () => pieces(placed[i]) }));
}

/** Row after row, of each the part of each slice. */
async function* pieces(placed: readonly Placed[]): AsyncGenerator<PrunedPiece> {
  const room = { data: new Float32Array(PIECE), mask: new Uint8Array(PIECE) };
  const rows = regionOf(placed[0].slice).rows;
  if (rows === 1) {
    for (const one of placed) yield* rowPieces([one], 0, room);
    return;
  }
  for (let row = 0; row < rows; row++) yield* rowPieces(placed, row, room);
}

async function* rowPieces(
  placed: readonly Placed[],
  row: number,
  room: PrunedPiece,
): AsyncGenerator<PrunedPiece> {
  for (const { slice, path, position } of placed) {
    const { length } = regionOf(slice);
    const [first, end] = ownColumns(slice, row);
    await using handle = await open(path, 'r');
    const masksAt = position + 4 * sizeOfRegion(slice);
    for (let at = first; at < end; at += PIECE) {
      const count = Math.min(PIECE, end - at);
      const data = room.data.subarray(0, count);
      const mask = room.mask.subarray(0, count);
      const from = row * length + at;
      await readFully(handle, new Uint8Array(data.buffer, 0, 4 * count), position + 4 * from, path);
      await readFully(handle, mask, masksAt + from, path);
      yield { data, mask };
    }
  }
}

/** Tensors on the line between those for α = 0 and α = 1. */
export function tensorsBetween(
  zero: readonly PrunedTensor[],
  one: readonly PrunedTensor[],
  step: number,
): PrunedTensor[] {
  return zero.map(({ name, shape, pieces }, i) => ({
    ...{ name, shape, pieces: () => piecesBetween(pieces(), one[i].pieces(), step) },
  }));
}

/** Both are cut alike. */
async function* piecesBetween(
  zero: ReturnType<PrunedTensor['pieces']>,
  one: ReturnType<PrunedTensor['pieces']>,
  step: number,
): AsyncGenerator<PrunedPiece> {
  const between = new Float32Array(PIECE);
  const others = iteratorOf(one);
  try {
    for await (const { data, mask } of zero) {
      const { value: other } = await others.next();
      for (let c = 0; c < data.length; c++) between[c] = atStep(step, data[c], other.data[c]);
      yield { data: between.subarray(0, data.length), mask };
    }
  } finally {
    await others.return?.(); // closes its file
  }
}

function iteratorOf(
  pieces: ReturnType<PrunedTensor['pieces']>,
): AsyncIterator<PrunedPiece> | Iterator<PrunedPiece> {
  return Symbol.asyncIterator in pieces
    ? pieces[Symbol.asyncIterator]()
    : pieces[Symbol.iterator]();
}

import { toModelLayout } from '../blocks/layout.js';
import type { PrunedPiece, PrunedTensor } from '../files/pruned-model.js';
import { regionSize } from '../files/region.js';
import { readFully } from '../formats/safetensors/positioned-read.js';
import type { TensorSource } from '../formats/safetensors/writer.js';
import type { RunContext } from '../pool/run-context.js';
import { atStep } from '../updates/search-step.js';
import type { LoadedSlice } from './loaded-slice.js';
import { OpenFiles } from './open-files.js';
import { readArrays } from './slab-arrays.js';
import type { Kept, SlabRecords } from './slab-records.js';
import { ownColumns, regionOf, type Slab, type Slice, sizeOfRegion } from './slice.js';

/** Elements of a piece at most. */
const PIECE = 256 * 1024;

/** Bytes of a weight and a mask, and of a score. */
const RESULT_BYTES = 5;
const SCORE_BYTES = 4;

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
  const position = before.reduce((sum, one) => sum + RESULT_BYTES * sizeOfRegion(one), 0);
  await readArrays(records.path('results', index), arrays, position);
}

/** Where the arrays of a slice stand, one behind the other. */
interface Placed {
  slice: Slice;
  path: string;
  position: number;
}

/** Elements of a slice's region that follow each other in the tensor. */
interface Run extends Placed {
  /** Of the region. */
  size: number;
  from: number;
  count: number;
}

/** The tensors that the results of all slabs make up, in the order of the parameters. */
export function resultTensors(
  parameters: readonly { name: string; shape: readonly number[] }[],
  slabs: readonly Slab[],
  records: SlabRecords,
  what: KeptWeights = 'results',
): PrunedTensor[] {
  const placed = placesOf(slabs, (k) => records.path(what, k), RESULT_BYTES);
  return parameters.map(({ name, shape }, i) => ({ name, shape, pieces: () => pieces(placed(i)) }));
}

/** The scores of all slabs as tensors, in the order of the parameters. */
export function scoreTensors(
  parameters: readonly { name: string; shape: readonly number[] }[],
  slabs: readonly Slab[],
  records: SlabRecords,
): TensorSource[] {
  const placed = placesOf(slabs, (k) => records.path('scores32', k), SCORE_BYTES);
  return parameters.map(({ name, shape }, i) => ({
    ...{ name, shape, dtype: 'F32' },
    data: () => scorePieces(placed(i)),
  }));
}

/** Where the slices of each parameter are, in files with so many bytes for each element of a region. */
function placesOf(
  slabs: readonly Slab[],
  path: (slab: number) => string,
  bytes: number,
): (parameter: number) => Placed[] {
  const placed = slabs.flatMap((slab, k) => {
    let position = 0;
    return slab.map((slice): Placed => {
      const place = { slice, path: path(k), position };
      position += bytes * sizeOfRegion(slice);
      return place;
    });
  });
  return (parameter) => placed.filter(({ slice }) => slice.index === parameter);
}

async function* pieces(placed: readonly Placed[]): AsyncGenerator<PrunedPiece> {
  const room = { data: new Float32Array(PIECE), mask: new Uint8Array(PIECE) };
  await using files = new OpenFiles();
  for (const { path, position, size, from, count } of runs(placed)) {
    const handle = await files.get(path);
    const data = room.data.subarray(0, count);
    const mask = room.mask.subarray(0, count);
    await readFully(handle, new Uint8Array(data.buffer, 0, 4 * count), position + 4 * from, path);
    await readFully(handle, mask, position + 4 * size + from, path);
    yield { data, mask };
  }
}

async function* scorePieces(placed: readonly Placed[]): AsyncGenerator<Uint8Array> {
  const room = new Uint8Array(SCORE_BYTES * PIECE);
  await using files = new OpenFiles();
  for (const { path, position, from, count } of runs(placed)) {
    const handle = await files.get(path);
    const bytes = room.subarray(0, SCORE_BYTES * count);
    await readFully(handle, bytes, position + SCORE_BYTES * from, path);
    yield bytes;
  }
}

/** The elements of a tensor in its order: row after row, of each the part of each slice. */
function* runs(placed: readonly Placed[]): Generator<Run> {
  const { rows } = regionOf(placed[0].slice);
  for (let row = 0; row < rows; row++) {
    for (const place of placed) {
      const { length } = regionOf(place.slice);
      const size = sizeOfRegion(place.slice);
      const [first, end] = ownColumns(place.slice, row);
      for (let at = first; at < end; at += PIECE) {
        yield { ...place, size, from: row * length + at, count: Math.min(PIECE, end - at) };
      }
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

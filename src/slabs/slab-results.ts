import { open } from 'node:fs/promises';
import type { PrunedPiece, PrunedTensor } from '../files/pruned-model.js';
import { regionSize } from '../files/region.js';
import { toModelLayout } from '../fisher/layout.js';
import { readFully } from '../formats/safetensors/positioned-read.js';
import type { RunContext } from '../pool/run-context.js';
import type { LoadedSlice } from './slab-parameters.js';
import type { SlabRecords } from './slab-records.js';
import { ownColumns, regionOf, type Slab, type Slice, sizeOfRegion } from './slice.js';

/** Elements of a piece at most. */
const PIECE = 256 * 1024;

/** Bytes of a weight and a mask. */
const BYTES = 5;

/** Writes what became of a slab, in the layout of its regions. */
export async function keepResults(
  { lease }: RunContext,
  records: SlabRecords,
  slab: number,
  loaded: readonly LoadedSlice[],
  masks: readonly Uint8Array[],
): Promise<void> {
  const arrays: ArrayBufferView[] = [];
  for (const [i, { parameter, region }] of loaded.entries()) {
    const data = lease.float32(regionSize(region));
    const mask = lease.uint8(regionSize(region));
    await toModelLayout(parameter.order, parameter.weights, data);
    await toModelLayout(parameter.order, masks[i], mask);
    arrays.push(data, mask);
  }
  await records.keep('results', slab, arrays);
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
): PrunedTensor[] {
  const placed: Placed[][] = parameters.map(() => []);
  for (const [k, slab] of slabs.entries()) {
    let position = 0;
    for (const slice of slab) {
      placed[slice.index].push({ slice, path: records.path('results', k), position });
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

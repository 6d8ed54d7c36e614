import { WoodFisherError } from '../errors.js';
import { flatIndex, type Region, regionSize } from '../files/region.js';
import { readAll, readsOf } from '../files/tensor-reads.js';
import type { BlockedParameter } from '../fisher/blocked-parameter.js';
import { toBlockOrder } from '../fisher/layout.js';
import { countZeros, nonFiniteWeight } from '../fisher/load-arrays.js';
import { weightArrays } from '../fisher/parameter-arrays.js';
import { DTYPE_BYTES, isFloatDtype } from '../formats/dtypes.js';
import type { ModelFiles } from '../formats/safetensors/model-files.js';
import type { SafetensorsFile } from '../formats/safetensors/reader.js';
import { inPieces } from '../memory/pieces.js';
import type { RunContext } from '../pool/run-context.js';
import { sliceShape } from './slab-memory.js';
import {
  fillStarts,
  hasPlaces,
  ordersOf,
  regionOf,
  type Slab,
  type Slice,
  sliceSize,
} from './slice.js';

/** A slice in memory: a parameter of its own for the engines. */
export interface LoadedSlice {
  slice: Slice;
  region: Region;
  /** Block order; `order` is that within the region. */
  parameter: BlockedParameter;
}

/** Where weights come from. */
export interface SlabInput {
  model: ModelFiles;
  /** Masks of what was pruned before. */
  masks?: SafetensorsFile;
  zerosArePruned: boolean;
  signal?: AbortSignal;
}

/** Reads the weights of a slab, and what was pruned before, onto the run's memory. */
export async function loadSlab(
  context: RunContext,
  slab: Slab,
  input: SlabInput,
): Promise<LoadedSlice[]> {
  const loaded: LoadedSlice[] = [];
  for (const slice of slab) loaded.push(await loadSlice(context, slice, input));
  return loaded;
}

async function loadSlice(
  context: RunContext,
  slice: Slice,
  { model, masks, zerosArePruned, signal }: SlabInput,
): Promise<LoadedSlice> {
  const { lease } = context;
  const region = regionOf(slice);
  const shape = sliceShape(slice);
  const arrays = lease.arrays(weightArrays(shape));
  fillStarts(slice, arrays.starts);
  const places = (): Uint32Array | undefined =>
    hasPlaces(slice) ? lease.uint32(sliceSize(slice)) : undefined;
  const twice = slice.shape.order.before > 1;
  const { inRegion, inTensor } = ordersOf(slice, {
    inRegion: twice ? places() : undefined,
    inTensor: places(),
  });
  const data = lease.float32(regionSize(region));
  await readWeights(context, model, slice, region, data, signal);
  await requireFinite(slice, region, data);
  await toBlockOrder(inRegion, data, arrays.weights);
  lease.release(data);

  const part = { index: slice.index, order: inTensor };
  const parameter = { ...shape, ...arrays, order: inRegion, prunedBefore: 0, part };
  await loadMask(context, parameter, masks, region);
  await inPieces(parameter.size, (begin, end) => {
    const { mask, weights } = parameter;
    for (let c = begin; c < end; c++) {
      if (zerosArePruned && weights[c] === 0) mask[c] = 0;
      if (mask[c] !== 0) continue;
      weights[c] = 0;
      parameter.prunedBefore++;
    }
  });
  return { slice, region, parameter };
}

async function readWeights(
  { control }: RunContext,
  { tensors }: ModelFiles,
  { shape: { name } }: Slice,
  region: Region,
  into: Float32Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const tensor = tensors.get(name);
  if (tensor === undefined || !isFloatDtype(tensor.dtype)) {
    throw new WoodFisherError('ERR_WOODFISHER_MISSING', `there is no tensor "${name}"`, {
      parameter: name,
    });
  }
  const { file, dtype, byteOffset, size } = tensor;
  const rowBytes = size * DTYPE_BYTES[dtype];
  const place = { path: file.path, fd: file.fd, dtype, begin: byteOffset, rowBytes };
  await readAll(readsOf(place, region, 0, into), control, signal);
}

async function requireFinite(
  { shape: { name } }: Slice,
  region: Region,
  data: Float32Array,
): Promise<void> {
  await inPieces(data.length, (begin, end) => {
    for (let i = begin; i < end; i++) {
      if (!Number.isFinite(data[i])) throw nonFiniteWeight(name, flatIndex(region, i), data[i]);
    }
  });
}

async function loadMask(
  { lease }: RunContext,
  { name, mask, order }: BlockedParameter,
  masks: SafetensorsFile | undefined,
  region: Region,
): Promise<void> {
  if (masks?.tensors.has(name) !== true) {
    mask.fill(1);
    return;
  }
  const bytes = lease.uint8(regionSize(region));
  for (let row = 0; row < region.rows; row++) {
    const into = bytes.subarray(row * region.length, (row + 1) * region.length);
    await masks.readInto(name, into, region.begin + row * region.stride);
  }
  await countZeros(name, bytes);
  await toBlockOrder(order, bytes, mask);
  lease.release(bytes);
}

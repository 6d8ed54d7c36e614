import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { toBlockOrder } from '../blocks/layout.js';
import { countZeros, nonFiniteWeight } from '../blocks/load-arrays.js';
import { weightArrays } from '../blocks/parameter-arrays.js';
import { WoodFisherError } from '../errors.js';
import { flatIndex, type Region, regionSize } from '../files/region.js';
import { readAll, readsOf } from '../files/tensor-reads.js';
import { DTYPE_BYTES, isFloatDtype } from '../formats/dtypes.js';
import type { ModelFiles } from '../formats/safetensors/model-files.js';
import type { SafetensorsFile } from '../formats/safetensors/reader.js';
import { inPieces } from '../memory/pieces.js';
import type { RunContext } from '../pool/run-context.js';
import type { LoadedSlice } from './loaded-slice.js';
import { sliceShape } from './slab-memory.js';
import type { SlabRecords } from './slab-records.js';
import { readResult } from './slab-results.js';
import {
  fillStarts,
  hasPlaces,
  ordersOf,
  regionOf,
  type Slab,
  type Slice,
  sliceSize,
} from './slice.js';

/** Where weights come from. */
export interface SlabInput {
  model: ModelFiles;
  /** Masks of what was pruned before. */
  masks?: SafetensorsFile;
  zerosArePruned: boolean;
  /** In place of all these: what the step before has come to. */
  before?: SlabRecords;
  signal?: AbortSignal;
}

/** Reads the weights of slab k, and what was pruned before, onto the run's memory. */
export async function loadSlab(
  context: RunContext,
  slab: Slab,
  k: number,
  input: SlabInput,
): Promise<LoadedSlice[]> {
  const { before } = input;
  const loaded: LoadedSlice[] = [];
  for (const slice of slab) {
    const fill: Filling =
      before === undefined
        ? (parameter, region) => fromModel(context, slice, input, parameter, region)
        : (parameter, region) => fromStep(context, slab, k, slice, before, parameter, region);
    loaded.push(await loadSlice(context, slice, fill));
  }
  return loaded;
}

/** Fills the weights and the mask of a slice. */
type Filling = (parameter: BlockedParameter, region: Region) => Promise<void>;

async function loadSlice(context: RunContext, slice: Slice, fill: Filling): Promise<LoadedSlice> {
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
  const part = { index: slice.index, order: inTensor };
  const parameter = { ...shape, ...arrays, order: inRegion, prunedBefore: 0, part };
  await fill(parameter, region);
  await inPieces(parameter.size, (begin, end) => {
    const { mask, weights } = parameter;
    for (let c = begin; c < end; c++) {
      if (mask[c] !== 0) continue;
      weights[c] = 0;
      parameter.prunedBefore++;
    }
  });
  return { slice, region, parameter };
}

async function fromModel(
  context: RunContext,
  slice: Slice,
  { model, masks, zerosArePruned, signal }: SlabInput,
  parameter: BlockedParameter,
  region: Region,
): Promise<void> {
  const { order, weights, mask } = parameter;
  const data = context.lease.float32(regionSize(region));
  await readWeights(context, model, slice, region, data, signal);
  await requireFinite(slice, region, data);
  await toBlockOrder(order, data, weights);
  context.lease.release(data);
  await loadMask(context, parameter, masks, region);
  if (!zerosArePruned) return;
  await inPieces(parameter.size, (begin, end) => {
    for (let c = begin; c < end; c++) if (weights[c] === 0) mask[c] = 0;
  });
}

async function fromStep(
  { lease }: RunContext,
  slab: Slab,
  k: number,
  slice: Slice,
  before: SlabRecords,
  { order, weights, mask }: BlockedParameter,
  region: Region,
): Promise<void> {
  const data = lease.float32(regionSize(region));
  const bytes = lease.uint8(regionSize(region));
  await readResult(before, slab, k, slice, [data, bytes]);
  await toBlockOrder(order, data, weights);
  await toBlockOrder(order, bytes, mask);
  for (const array of [data, bytes]) lease.release(array);
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

import { fromFloat32 } from '../formats/conversion.js';
import { DTYPE_BYTES, type FloatDtype, isFloatDtype } from '../formats/dtypes.js';
import type { SafetensorsFile } from '../formats/safetensors/reader.js';
import { overflowError, type TensorSource } from '../formats/safetensors/writer.js';
import type { TensorInfo } from './tensor-reader.js';

/** Bytes of a tensor that are copied at a time. */
const COPIED_BYTES = 4 * 2 ** 20;

/** Elements that are converted at a time, in about 2 ms. */
const PIECE = 256 * 1024;

/** A run of elements of a pruned tensor, in the model's layout. */
export interface PrunedPiece {
  data: Float32Array;
  /** 1 = kept, 0 = pruned. */
  mask: Uint8Array;
}

/** What has become of a tensor. */
export interface PrunedTensor {
  name: string;
  shape: readonly number[];
  /** All of it, in order; a piece is valid until the next one is asked for. */
  pieces(): AsyncIterable<PrunedPiece> | Iterable<PrunedPiece>;
}

/** What is told of the writing of a model. */
export interface WritingOptions {
  signal?: AbortSignal;
  /** Of the file that is written, for messages. */
  path: string;
  /** Told how many kept weights of a tensor are 0 in its dtype, where there are any. */
  onRounded?: (name: string, dtype: FloatDtype, count: number) => void;
}

/** A pruned tensor whose arrays are in memory. */
export function prunedInMemory({
  name,
  shape,
  data,
  mask,
}: PrunedPiece & { name: string; shape: readonly number[] }): PrunedTensor {
  return { name, shape, pieces: () => [{ data, mask }] };
}

/** A tensor in memory of which nothing but the weights is known: pruned ones are 0 among them. */
export function weightsInMemory({
  name,
  shape,
  data,
}: {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}): PrunedTensor {
  const kept = new Uint8Array(Math.min(PIECE, data.length)).fill(1);
  return {
    ...{ name, shape },
    *pieces() {
      for (let at = 0; at < data.length; at += PIECE) {
        const piece = data.subarray(at, at + PIECE);
        yield { data: piece, mask: kept.subarray(0, piece.length) };
      }
    },
  };
}

/**
 * The tensors of a model's file after pruning, in its order and dtypes, ready to be written. Those that
 * were not pruned are copied byte for byte when it is their turn, so the file must stay open until then.
 * 16-bit values are rounded to nearest even.
 */
export function prunedModel(
  file: SafetensorsFile,
  pruned: ReadonlyMap<string, PrunedTensor>,
  options: WritingOptions,
): TensorSource[] {
  return [...file.tensors.values()].map((tensor) => {
    const { name, dtype, shape } = tensor;
    const result = pruned.get(name);
    const data = (): AsyncIterable<Uint8Array> =>
      result === undefined || !isFloatDtype(dtype)
        ? copied(file, tensor, options)
        : converted(file, { ...tensor, dtype }, result, options);
    return { name, dtype, shape: [...shape], data };
  });
}

/** The masks of pruned tensors (1 = kept, 0 = pruned) as U8 tensors. */
export function maskTensors(pruned: readonly PrunedTensor[]): TensorSource[] {
  return pruned.map((tensor) => ({
    name: tensor.name,
    dtype: 'U8',
    shape: [...tensor.shape],
    async *data() {
      for await (const { mask } of tensor.pieces()) yield mask;
    },
  }));
}

async function* copied(
  file: SafetensorsFile,
  { name, dtype, size }: TensorInfo,
  { signal }: WritingOptions,
): AsyncGenerator<Uint8Array> {
  const bytes = size * DTYPE_BYTES[dtype];
  for (let at = 0; at < bytes; at += COPIED_BYTES) {
    signal?.throwIfAborted();
    yield await file.readBytes(name, at, Math.min(at + COPIED_BYTES, bytes));
  }
}

async function* converted(
  file: SafetensorsFile,
  { name, dtype }: TensorInfo & { dtype: FloatDtype },
  pruned: PrunedTensor,
  { path, signal, onRounded }: WritingOptions,
): AsyncGenerator<Uint8Array> {
  const scratch = new Uint8Array(PIECE * DTYPE_BYTES[dtype]);
  let index = 0;
  let rounded = 0;
  for await (const { data, mask } of pruned.pieces()) {
    for (let at = 0; at < data.length; at += PIECE) {
      signal?.throwIfAborted();
      const values = data.subarray(at, at + PIECE);
      const kept = mask.subarray(at, at + PIECE);
      if (dtype === 'F64') {
        yield await changedOnly(file, name, index, values, kept);
      } else {
        const raw = scratch.subarray(0, values.length * DTYPE_BYTES[dtype]);
        const overflow = fromFloat32(values, dtype, raw);
        if (overflow >= 0) {
          throw overflowError(path, name, dtype, index + overflow, values[overflow]);
        }
        if (dtype !== 'F32') rounded += roundedToZero(raw, values, kept);
        yield raw;
      }
      index += values.length;
    }
  }
  if (rounded > 0) onRounded?.(name, dtype, rounded);
}

/** F64 with the values of the result where they changed; float32 cannot hold the others. */
async function changedOnly(
  file: SafetensorsFile,
  name: string,
  start: number,
  data: Float32Array,
  mask: Uint8Array,
): Promise<Uint8Array> {
  const bytes = await file.readBytes(name, 8 * start, 8 * (start + data.length));
  const values = new Float64Array(bytes.buffer, bytes.byteOffset, data.length);
  for (let i = 0; i < values.length; i++) {
    if (mask[i] === 0) values[i] = 0;
    else if (Math.fround(values[i]) !== data[i]) values[i] = data[i];
  }
  return bytes;
}

/** Kept weights that are 0 as 16 bits and not as float32. */
function roundedToZero(raw: Uint8Array, values: Float32Array, mask: Uint8Array): number {
  const bits = new Uint16Array(raw.buffer, raw.byteOffset, values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if ((bits[i] & 0x7fff) === 0 && values[i] !== 0 && mask[i] === 1) count++;
  }
  return count;
}

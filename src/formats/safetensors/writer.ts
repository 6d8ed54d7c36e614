import type { FileHandle } from 'node:fs/promises';
import type { WoodFisherError } from '../../errors.js';
import { BFLOAT16_MAX } from '../bfloat16.js';
import { fromFloat32 } from '../conversion.js';
import { DTYPE_BYTES, type FloatDtype, isFloatDtype } from '../dtypes.js';
import { requireLittleEndian } from '../endianness.js';
import { outputError, quote } from '../errors.js';
import { FLOAT16_MAX } from '../float16.js';
import { replaceFile } from '../replace-file.js';
import { writeAll } from '../write-all.js';
import { byteCount, headerBytes, type TensorDescription } from './header-text.js';

// Converts in about 2 ms, and every write in between gives the event loop its turn.
const PIECE_ELEMENTS = 256 * 1024;

/** A tensor to write. */
export interface TensorSource extends TensorDescription {
  /**
   * Float32Array: the elements, converted to `dtype` (F16, BF16, F32 or F64), rounding to nearest even.
   * Uint8Array: the little-endian bytes as they shall stand in the file. Function: yields these bytes
   * in pieces of any length, and is called once, when it is the tensor's turn.
   */
  data: Float32Array | Uint8Array | (() => AsyncIterable<Uint8Array>);
}

/** Options of {@link writeSafetensors}. */
export interface WriteOptions {
  /** Strings for `__metadata__`: a Map, or `Object.entries` of an object. Default: none. */
  metadata?: Iterable<readonly [string, string]>;
}

/**
 * Writes a safetensors file, tensors in the order given. The file appears, or replaces the one that is
 * there, when all of it is written (see {@link replaceFile}); arrays must not change until then.
 *
 * @throws WoodFisherError `ERR_WOODFISHER_OUTPUT`, with the reason as `cause` where it comes from
 * elsewhere; nothing has changed on disk then. A finite element beyond the range of `dtype` is refused
 * by name and flat index.
 *
 * @example
 * await writeSafetensors('model.safetensors', [
 *   { name: 'weight', dtype: 'F16', shape: [2, 3], data: new Float32Array(6) },
 * ], { metadata: Object.entries({ format: 'pt' }) });
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorSource[],
  { metadata = [] }: WriteOptions = {},
): Promise<void> {
  requireLittleEndian();
  const header = headerBytes(tensors, metadata, path);
  for (const tensor of tensors) checkData(tensor, path);
  await replaceFile(path, async (handle) => {
    await writeAll(handle, header);
    for (const tensor of tensors) await writeTensor(handle, tensor, path);
  });
}

/**
 * The same through a handle, from its position on.
 *
 * @param path For messages.
 */
export async function writeTensors(
  handle: FileHandle,
  tensors: readonly TensorSource[],
  { metadata = [] }: WriteOptions,
  path: string,
): Promise<void> {
  await writeAll(handle, headerBytes(tensors, metadata, path));
  for (const tensor of tensors) {
    checkData(tensor, path);
    await writeTensor(handle, tensor, path);
  }
}

/** A finite value that a dtype cannot hold. */
export function overflowError(
  path: string,
  name: string,
  dtype: FloatDtype,
  index: number,
  value: number,
): WoodFisherError {
  const most = dtype === 'F16' ? FLOAT16_MAX : BFLOAT16_MAX;
  return outputError(
    path,
    `tensor ${quote(name)} has ${value} at index ${index}, beyond the range of ${dtype} (±${most}); write it as F32`,
    { parameter: name, index, value },
  );
}

function checkData(tensor: TensorSource, path: string): void {
  const { name, dtype, shape, data } = tensor;
  const bytes = byteCount(tensor, path);
  const fail = (problem: string): never => {
    throw outputError(path, `tensor ${quote(name)} ${problem}`, { parameter: name });
  };
  if (data instanceof Float32Array) {
    if (!isFloatDtype(dtype)) fail(`cannot be converted from float32 to ${dtype}`);
    const elements = bytes / DTYPE_BYTES[dtype];
    if (data.length !== elements) {
      fail(`has ${elements} elements as [${shape}], but its data have ${data.length}`);
    }
  } else if (data instanceof Uint8Array) {
    if (data.byteLength !== bytes) {
      fail(`takes ${bytes} bytes as ${dtype} [${shape}], but its data have ${data.byteLength}`);
    }
  } else if (typeof data !== 'function') {
    fail('must have a Float32Array, a Uint8Array or a function as its data');
  }
}

async function writeTensor(handle: FileHandle, tensor: TensorSource, path: string): Promise<void> {
  const { dtype, data } = tensor;
  if (data instanceof Uint8Array) {
    await writeAll(handle, data);
  } else if (typeof data === 'function') {
    await writePieces(handle, tensor, data(), path);
  } else if (dtype === 'F32') {
    await writeAll(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  } else {
    await writeConverted(handle, tensor, data, path);
  }
}

async function writePieces(
  handle: FileHandle,
  tensor: TensorSource,
  pieces: AsyncIterable<Uint8Array>,
  path: string,
): Promise<void> {
  const expected = byteCount(tensor, path);
  const label = `tensor ${quote(tensor.name)} takes ${expected} bytes as ${tensor.dtype} [${tensor.shape}]`;
  let written = 0;
  for await (const piece of pieces) {
    written += piece.byteLength;
    if (written > expected) {
      throw outputError(path, `${label}, but its source gave more`, { parameter: tensor.name });
    }
    await writeAll(handle, piece);
  }
  if (written < expected) {
    const problem = `${label}, but its source gave ${written}`;
    throw outputError(path, problem, { parameter: tensor.name });
  }
}

async function writeConverted(
  handle: FileHandle,
  { name, dtype }: TensorSource,
  data: Float32Array,
  path: string,
): Promise<void> {
  if (!isFloatDtype(dtype)) return; // refused before, by checkData
  const bytes = DTYPE_BYTES[dtype];
  const scratch = new Uint8Array(Math.min(PIECE_ELEMENTS, data.length) * bytes);
  for (let done = 0; done < data.length; done += PIECE_ELEMENTS) {
    const piece = data.subarray(done, done + PIECE_ELEMENTS);
    const raw = scratch.subarray(0, piece.length * bytes);
    const overflow = fromFloat32(piece, dtype, raw);
    if (overflow >= 0) {
      const index = done + overflow;
      throw overflowError(path, name, dtype, index, data[index]);
    }
    await writeAll(handle, raw);
  }
}

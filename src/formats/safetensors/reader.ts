import type { FileHandle } from 'node:fs/promises';
import { optionError, WoodFisherError } from '../../errors.js';
import { checkWhole } from '../../options.js';
import { toFloat32 } from '../conversion.js';
import { DTYPE_BYTES, isFloatDtype } from '../dtypes.js';
import { requireLittleEndian } from '../endianness.js';
import { formatError, quote } from '../errors.js';
import { openRegular } from '../open-regular.js';
import { headerLength, PREFIX_BYTES, readHeader, type SafetensorsHeader } from './header.js';
import { readFully } from './positioned-read.js';
import type { TensorEntry } from './tensor-entry.js';

// Half a million F16 convert in about 2 ms; whole elements of every size fit.
const CONVERTED_BYTES = 1024 * 1024;

/** Which elements to read, and where to. */
export interface ReadOptions {
  /** First element, by flat index. Default 0. */
  start?: number;
  /** Elements. Default: the length of `into`, else all from `start` on. */
  count?: number;
  /** Where to put them: `count` elements, on shared memory or not. Default: a new array. */
  into?: Float32Array;
}

/** An open safetensors file. Reads may run at the same time. */
export class SafetensorsFile implements AsyncDisposable {
  readonly path: string;
  /** By name, in the order of their data in the file. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** The strings under `__metadata__`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Bytes of the whole file. */
  readonly size: number;
  readonly #handle: FileHandle;
  readonly #dataStart: number;
  // Buffers of finished conversions, for the next: as many as there were reads at the same time.
  readonly #scratch: Uint8Array[] = [];

  /** Use {@link openSafetensors}. */
  constructor(path: string, handle: FileHandle, header: SafetensorsHeader, size: number) {
    this.path = path;
    this.size = size;
    this.#dataStart = header.dataStart;
    this.tensors = header.tensors;
    this.metadata = header.metadata;
    this.#handle = handle;
  }

  /**
   * Elements of an F16, BF16, F32 or F64 tensor as float32, row-major.
   *
   * Infinities and NaN are returned as they are, and so is an F64 beyond the range of float32 as an
   * infinity. If it fails, `into` may hold part of the elements.
   *
   * @returns `into`, or a new array of `count` elements.
   * @throws WoodFisherError `ERR_WOODFISHER_MISSING` for an unknown name, `ERR_WOODFISHER_OPTION` for
   * a range that the tensor does not have, `ERR_WOODFISHER_FORMAT` for other dtypes and for a file that
   * became shorter.
   */
  async read(name: string, options: ReadOptions = {}): Promise<Float32Array> {
    const { dtype, size, byteOffset } = this.#entry(name);
    if (!isFloatDtype(dtype)) {
      const problem = `tensor ${quote(name)} is of ${dtype}; only F16, BF16, F32 and F64 can be read as numbers`;
      throw formatError(this.path, problem, { parameter: name, value: dtype });
    }
    const { start = 0, into } = options;
    requireWithin('start', start, size);
    const count = options.count ?? into?.length ?? size - start;
    requireWithin('count', count, size - start);
    if (into !== undefined && into.length !== count) {
      throw optionError('into', `a Float32Array of ${count} elements`, into.length);
    }

    const out = into ?? new Float32Array(count);
    const bytes = DTYPE_BYTES[dtype];
    const position = byteOffset + start * bytes;
    if (dtype === 'F32') {
      const target = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
      await readFully(this.#handle, target, position, this.path);
      return out;
    }
    const scratch = this.#scratch.pop() ?? new Uint8Array(CONVERTED_BYTES);
    const elements = CONVERTED_BYTES / bytes;
    for (let done = 0; done < count; done += elements) {
      const piece = out.subarray(done, Math.min(done + elements, count));
      const raw = scratch.subarray(0, piece.length * bytes);
      await readFully(this.#handle, raw, position + done * bytes, this.path);
      toFloat32(dtype, raw, piece);
    }
    this.#scratch.push(scratch);
    return out;
  }

  /**
   * The bytes `start` to `end` (exclusive) of a tensor of any dtype. Default: all.
   *
   * @throws WoodFisherError as {@link read}.
   */
  async readBytes(name: string, start = 0, end?: number): Promise<Uint8Array> {
    const entry = this.#entry(name);
    const length = entry.end - entry.begin;
    requireWithin('start', start, length);
    const stop = end ?? length;
    requireWithin('end', stop, length);
    if (stop < start) throw optionError('end', `at least start (${start})`, stop);
    const bytes = new Uint8Array(stop - start);
    await readFully(this.#handle, bytes, entry.byteOffset + start, this.path);
    return bytes;
  }

  /**
   * Fills `into` with the bytes of a tensor of any dtype, from byte `start` (default 0) on.
   *
   * @throws WoodFisherError as {@link read}.
   */
  async readInto(name: string, into: Uint8Array, start = 0): Promise<void> {
    const entry = this.#entry(name);
    const length = entry.end - entry.begin;
    requireWithin('start', start, length);
    requireWithin('the length of into', into.byteLength, length - start);
    await readFully(this.#handle, into, entry.byteOffset + start, this.path);
  }

  /** Its descriptor, for positioned reads in other threads while it is open. */
  get fd(): number {
    return this.#handle.fd;
  }

  /** Bytes of the header, without its length. */
  get headerBytes(): number {
    return this.#dataStart - PREFIX_BYTES;
  }

  /** The file up to its data: length and header, as they stand there. */
  async readHeader(): Promise<Uint8Array> {
    const bytes = new Uint8Array(this.#dataStart);
    await readFully(this.#handle, bytes, 0, this.path);
    return bytes;
  }

  /** Closes the file, after the reads under way. Closing again does nothing. */
  async close(): Promise<void> {
    this.#scratch.length = 0;
    await this.#handle.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #entry(name: string): TensorEntry {
    const entry = this.tensors.get(name);
    if (entry !== undefined) return entry;
    const some = [...this.tensors.keys()].slice(0, 5).map(quote).join(', ');
    throw new WoodFisherError(
      'ERR_WOODFISHER_MISSING',
      `${this.path} has no tensor ${quote(name)}; it has ${this.tensors.size}: ${some}${this.tensors.size > 5 ? ', …' : ''}`,
      { parameter: name },
    );
  }
}

/**
 * Opens a safetensors file and checks its header; tensors are read on demand.
 *
 * @throws WoodFisherError `ERR_WOODFISHER_FORMAT` for what is not a valid safetensors file, or cannot
 * be read (with the reason as `cause`).
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  requireLittleEndian();
  const handle = await openRegular(path);
  try {
    const { size } = await handle.stat();
    const prefix = new Uint8Array(Math.min(PREFIX_BYTES, size));
    await readFully(handle, prefix, 0, path);
    const bytes = new Uint8Array(PREFIX_BYTES + headerLength(prefix, size, path));
    await readFully(handle, bytes, 0, path);
    return new SafetensorsFile(path, handle, await readHeader(bytes, size, path), size);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function requireWithin(option: string, value: number, most: number): void {
  checkWhole(option, value, { least: 0, most });
}

import type { FileHandle } from 'node:fs/promises';
import { WoodFisherError } from '../errors.js';
import { DTYPE_BYTES, type FloatDtype } from './dtypes.js';
import { requireLittleEndian } from './endianness.js';
import { formatError, quote } from './errors.js';
import { openRegular } from './open-regular.js';
import { readFully } from './safetensors/positioned-read.js';

/** A header is a line of a few words; NumPy itself refuses longer ones. */
const MAX_HEADER_BYTES = 10_000;

const MAGIC = '\x93NUMPY';

const DTYPES: Readonly<Record<string, FloatDtype>> = { '<f2': 'F16', '<f4': 'F32', '<f8': 'F64' };

/** An open `.npy` file: one array, row-major. */
export interface NpyFile {
  path: string;
  handle: FileHandle;
  dtype: FloatDtype;
  shape: readonly number[];
  /** First byte of the elements. */
  begin: number;
}

/**
 * Opens a `.npy` file of little-endian float16, float32 or float64 in C order (format 1.0 to 3.0, as
 * numpy.save writes it) and checks its header.
 *
 * @throws WoodFisherError `ERR_WOODFISHER_FORMAT` for any other file, naming the byte.
 */
export async function openNpy(path: string): Promise<NpyFile> {
  requireLittleEndian();
  const handle = await openRegular(path);
  try {
    return await readHeader(path, handle);
  } catch (error) {
    await handle.close();
    if (error instanceof WoodFisherError) throw error;
    throw formatError(path, `cannot be read: ${(error as Error).message}`, {}, error);
  }
}

async function readHeader(path: string, handle: FileHandle): Promise<NpyFile> {
  const stats = await handle.stat();
  const start = new Uint8Array(Math.min(12, stats.size));
  await readFully(handle, start, 0, path);
  const magic = String.fromCharCode(...start.subarray(0, 6));
  if (magic !== MAGIC || start.byteLength < 12) {
    throw formatError(path, 'does not begin as a .npy file does', { offset: 0 });
  }
  const view = new DataView(start.buffer);
  const major = start[6];
  if (major < 1 || major > 3) {
    throw formatError(path, `has .npy version ${major}; 1, 2 and 3 are known`, { offset: 6 });
  }
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const at = major === 1 ? 10 : 12;
  if (length > MAX_HEADER_BYTES || at + length > stats.size) {
    throw formatError(path, `has a header of ${length} bytes, more than there can be`, {
      offset: 8,
    });
  }
  const bytes = new Uint8Array(length);
  await readFully(handle, bytes, at, path);
  const text = new TextDecoder('latin1').decode(bytes);
  const shape = shapeOf(text, path, at);
  const dtype = dtypeOf(text, path, at);
  const begin = at + length;
  const size = shape.reduce((product, axis) => product * axis, 1);
  const expected = begin + size * DTYPE_BYTES[dtype];
  if (expected !== stats.size) {
    throw formatError(
      path,
      `must have ${expected} bytes by its header, but has ${stats.size}; it was cut off, or is no array of numbers`,
      { offset: at },
    );
  }
  return { path, handle, dtype, shape, begin };
}

function dtypeOf(text: string, path: string, offset: number): FloatDtype {
  const descr = /'descr':\s*'([^']*)'/.exec(text)?.[1] ?? '';
  const dtype = Object.hasOwn(DTYPES, descr) ? DTYPES[descr] : undefined;
  if (dtype !== undefined) return dtype;
  throw formatError(
    path,
    `must hold float16, float32 or float64 ('<f2', '<f4', '<f8'), but has ${quote(descr)}`,
    { offset },
  );
}

function shapeOf(text: string, path: string, offset: number): number[] {
  if (!/'fortran_order':\s*False/.test(text)) {
    throw formatError(path, 'must be in C order; use numpy.ascontiguousarray before saving', {
      offset,
    });
  }
  const inside = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  if (inside === undefined) throw formatError(path, 'has no shape in its header', { offset });
  const shape = inside
    .split(',')
    .map((axis) => axis.trim())
    .filter((axis) => axis !== '')
    .map(Number);
  if (shape.some(Number.isNaN)) {
    throw formatError(path, `has the shape (${inside}), which is no list of numbers`, { offset });
  }
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (shape.length > 64 || !Number.isSafeInteger(size * 8)) {
    throw formatError(path, `has the shape [${shape}], beyond what can be read`, { offset });
  }
  return shape;
}

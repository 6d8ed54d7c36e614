import { DTYPE_BYTES, type Dtype, isDtype } from '../dtypes.js';
import { quote } from '../errors.js';
import type { JsonCursor } from './json-cursor.js';

/** Where and what a tensor of a safetensors file is. */
export interface TensorEntry {
  name: string;
  dtype: Dtype;
  /** Row-major; empty for a scalar. */
  shape: readonly number[];
  /** First byte, counted from the end of the header, as in the file. */
  begin: number;
  /** One past the last byte, counted from the end of the header. */
  end: number;
  /** First byte, counted from the start of the file. */
  byteOffset: number;
  /** Elements: the product of the shape. */
  size: number;
}

/** Most axes of a tensor: far beyond any model, and what keeps a long header from becoming one array of millions of ones. */
export const MAX_AXES = 32;

/**
 * Reads the description of one tensor, and checks what can be checked without the others.
 *
 * @param nameOffset Where the name stands in the file, for messages.
 * @param dataStart Absolute offset of the data.
 * @param dataBytes Bytes after the header.
 */
export function readTensorEntry(
  cursor: JsonCursor,
  name: string,
  nameOffset: number,
  dataStart: number,
  dataBytes: number,
): TensorEntry {
  const label = `tensor ${quote(name)}`;
  let dtype: Dtype | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  cursor.object(label, (key) => {
    if (key === 'dtype') dtype = readDtype(cursor, label);
    else if (key === 'shape') shape = readCounts(cursor, `shape of ${label}`, MAX_AXES);
    else if (key === 'data_offsets') offsets = readCounts(cursor, `data_offsets of ${label}`, 2);
    else cursor.skipValue(`${quote(key)} of ${label}`); // as the reference implementation does
  });
  const fail = (problem: string): never => cursor.fail(`${label} ${problem}`, nameOffset);
  if (dtype === undefined) return fail('has no dtype');
  if (shape === undefined) return fail('has no shape');
  if (offsets === undefined) return fail('has no data_offsets');
  if (offsets.length !== 2) {
    return fail(`must have data_offsets [begin, end], but they have length ${offsets.length}`);
  }

  const [begin, end] = offsets;
  if (begin > end) fail(`has data_offsets [${begin}, ${end}], whose begin is beyond their end`);
  if (end > dataBytes) {
    fail(`ends at ${end}, beyond the end of the file: ${dataBytes} bytes follow the header`);
  }
  const size = elementCount(shape);
  const bytes = size * DTYPE_BYTES[dtype];
  if (!Number.isSafeInteger(bytes)) fail(`has shape [${shape}], whose size is beyond 2^53 - 1`);
  if (end - begin !== bytes) {
    fail(`takes ${bytes} bytes as ${dtype} [${shape}], but its data_offsets span ${end - begin}`);
  }
  return { name, dtype, shape, begin, end, byteOffset: dataStart + begin, size };
}

/** The product of the axes; infinite as soon as a partial product is beyond 2⁵³ − 1. */
export function elementCount(shape: readonly number[]): number {
  let size = 1;
  for (const axis of shape) {
    size *= axis;
    if (!Number.isSafeInteger(size)) return Number.POSITIVE_INFINITY;
  }
  return size;
}

function readDtype(cursor: JsonCursor, label: string): Dtype {
  const offset = cursor.offset;
  const name = cursor.string(`dtype of ${label}`);
  if (isDtype(name)) return name;
  const known = Object.keys(DTYPE_BYTES).join(', ');
  return cursor.fail(`dtype of ${label} must be one of ${known}, but is ${quote(name)}`, offset);
}

function readCounts(cursor: JsonCursor, what: string, most: number): number[] {
  const counts: number[] = [];
  cursor.array(what, (index) => {
    if (index === most) cursor.fail(`${what} must have at most ${most} elements, but has more`);
    counts.push(cursor.count(what));
  });
  // Without the room that an array has left when it grows.
  return counts.slice();
}

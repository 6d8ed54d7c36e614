import { formatError, quote } from '../errors.js';
import { atOnce, inTurns } from './in-turns.js';
import { JsonCursor } from './json-cursor.js';
import { inFileOrder } from './layout.js';
import { readTensorEntry, type TensorEntry } from './tensor-entry.js';

/** Bytes of the length before the header. */
export const PREFIX_BYTES = 8;

/**
 * Longest header: of 65,536 tensors, each with 183 bytes, where 110 to 130 are usual. The reference
 * implementation allows 100 MB, which would take seconds and, parsed, several times as much memory.
 */
export const MAX_HEADER_BYTES = 12_000_000;

/** Most tensors of a file, and most strings under `__metadata__`. */
export const MAX_TENSORS = 2 ** 16;

/** What the header of a safetensors file says. */
export interface SafetensorsHeader {
  /** By name, in the order of their data. */
  tensors: ReadonlyMap<string, TensorEntry>;
  /** The strings under `__metadata__`; empty where there are none. */
  metadata: ReadonlyMap<string, string>;
  /** Absolute offset of the first byte of data. */
  dataStart: number;
}

/**
 * Bytes of the JSON header, from the first 8 bytes of the file. Nothing has been allocated for the
 * header when this refuses it.
 *
 * @throws WoodFisherError `ERR_WOODFISHER_FORMAT`
 */
export function headerLength(prefix: Uint8Array, fileSize: number, file: string): number {
  if (fileSize < PREFIX_BYTES || prefix.byteLength < PREFIX_BYTES) {
    const problem = `a safetensors file has at least ${PREFIX_BYTES} bytes, but this one has ${fileSize}`;
    throw formatError(file, problem, { value: fileSize });
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES);
  const length = view.getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    const problem = `the header must be at most ${MAX_HEADER_BYTES} bytes long, but its length is ${length}; is this a safetensors file?`;
    throw formatError(file, problem, { offset: 0, value: length });
  }
  if (Number(length) > fileSize - PREFIX_BYTES) {
    const problem = `the header is ${length} bytes long, but only ${fileSize - PREFIX_BYTES} bytes follow its length; the file is truncated or of another format`;
    throw formatError(file, problem, { offset: 0, value: length });
  }
  return Number(length);
}

/**
 * Parses and checks the header of a safetensors file. Accepts what the reference implementation
 * accepts, but no duplicate keys, no `__metadata__: null` and no more than 32 axes; nothing in a
 * header makes it crash, recurse without bound, or allocate more than in proportion to its length.
 *
 * @param bytes The file up to the end of its header, or beyond.
 * @param fileSize Bytes of the whole file.
 * @param file Name of the file, for messages.
 * @throws WoodFisherError `ERR_WOODFISHER_FORMAT`, naming the file, the rule, the value and the offset.
 */
export function parseHeader(
  bytes: Uint8Array,
  fileSize: number,
  file = 'safetensors file',
): SafetensorsHeader {
  return atOnce(headerSteps(bytes, fileSize, file));
}

/** The same with the event loop free in between. */
export async function readHeader(
  bytes: Uint8Array,
  fileSize: number,
  file: string,
): Promise<SafetensorsHeader> {
  return await inTurns(headerSteps(bytes, fileSize, file));
}

function* headerSteps(
  bytes: Uint8Array,
  fileSize: number,
  file: string,
): Generator<void, SafetensorsHeader> {
  const dataStart = PREFIX_BYTES + headerLength(bytes, fileSize, file);
  if (bytes.byteLength < dataStart) {
    throw new RangeError(`the header takes ${dataStart} bytes, but ${bytes.byteLength} were given`);
  }
  const dataBytes = fileSize - dataStart;
  const cursor = new JsonCursor(bytes, PREFIX_BYTES, dataStart, file);
  if (cursor.offset !== PREFIX_BYTES) cursor.fail('the header must begin with "{"', PREFIX_BYTES);

  const entries: TensorEntry[] = [];
  const metadata = new Map<string, string>();
  for (const { key, offset } of cursor.members('the header', MAX_TENSORS + 1)) {
    if (key === '__metadata__') {
      for (const { key: label } of cursor.members('__metadata__', MAX_TENSORS)) {
        metadata.set(label, cursor.string(`__metadata__ ${quote(label)}`));
        yield;
      }
    } else {
      entries.push(readTensorEntry(cursor, key, offset, dataStart, dataBytes));
    }
    yield;
  }
  cursor.finish('the header');

  const tensors = new Map<string, TensorEntry>();
  for (const entry of inFileOrder(entries, dataStart, dataBytes, file)) {
    tensors.set(entry.name, entry);
  }
  return { tensors, metadata, dataStart };
}

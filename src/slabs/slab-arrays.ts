import type { FileHandle } from 'node:fs/promises';
import { replaceFile } from '../formats/replace-file.js';
import { readFully } from '../formats/safetensors/positioned-read.js';
import { writeAll } from '../formats/write-all.js';
import { openWritten } from './open-files.js';

/** Arrays of a slab in a file: one behind the other, as they lie in memory. */

/** Writes them so that the file is there as a whole or not at all. */
export async function writeArrays(
  path: string,
  arrays: readonly ArrayBufferView[],
  options?: { durable: boolean },
): Promise<void> {
  const write = async (handle: FileHandle): Promise<void> => {
    for (const array of arrays) await writeAll(handle, bytesOf(array));
  };
  await replaceFile(path, write, options);
}

/** Fills arrays from the bytes of a file from `position` on. */
export async function readArrays(
  path: string,
  arrays: readonly ArrayBufferView[],
  position = 0,
): Promise<void> {
  await using handle = await openWritten(path);
  let at = position;
  for (const array of arrays) {
    await readFully(handle, bytesOf(array), at, path);
    at += array.byteLength;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

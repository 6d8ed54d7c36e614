import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { WoodFisherError } from '../errors.js';
import { formatError } from './errors.js';

/** What is read of a file at first whose size is not known: what a pipe holds on Linux. */
const FIRST_BYTES = 64 * 1024;

/** Milliseconds from one look at a pipe to the next. */
const LOOK = 10;

/** Milliseconds in which somebody must begin to write to a pipe. */
const PATIENCE = 2000;

// Opening a pipe that nobody writes to would wait for ever otherwise, with no way to stop it.
const { O_RDONLY, O_NONBLOCK = 0 } = constants;

/**
 * All bytes of a small file, which may be a pipe (`/dev/stdin`, `<(…)` of a shell): it is read to its
 * end, once. One that is too large is refused by its size, a pipe as soon as it has given too much.
 *
 * @param what Names the content in messages: "settings".
 * @param most Bytes at most.
 * @throws WoodFisherError `ERR_WOODFISHER_FORMAT`, with the reason as `cause` where it cannot be read.
 */
export async function readWhole(path: string, what: string, most: number): Promise<Uint8Array> {
  try {
    await using handle = await open(path, O_RDONLY | O_NONBLOCK);
    const stats = await handle.stat();
    const size = stats.isFile() ? stats.size : 0;
    if (size > most) throw tooLarge(path, what, most, `${size}`);
    // One byte more tells that the file has ended.
    let bytes = new Uint8Array(size > 0 ? size + 1 : FIRST_BYTES);
    let filled = 0;
    for (;;) {
      const count = await readSome(handle, bytes.subarray(filled), filled === 0);
      if (count === 0) return bytes.subarray(0, filled);
      filled += count;
      if (filled > most) throw tooLarge(path, what, most, `at least ${filled}`);
      if (filled === bytes.length) bytes = withRoom(bytes, Math.min(2 * filled, most + 1));
    }
  } catch (error) {
    if (error instanceof WoodFisherError) throw error;
    throw formatError(path, `cannot be read: ${(error as Error).message}`, {}, error);
  }
}

/** Bytes that were read, as soon as there are some; 0 at the end. */
async function readSome(handle: FileHandle, into: Uint8Array, first: boolean): Promise<number> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const count = await handle.read(into, 0, into.length, null).then(
      ({ bytesRead }) => bytesRead,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EAGAIN') return undefined;
        throw error;
      },
    );
    if (count !== undefined && (count > 0 || !first || !(await handle.stat()).isFIFO())) {
      return count;
    }
    // No bytes and no error: there is no writer, or there is none yet.
    if (count === 0 && performance.now() > deadline) throw new Error('nobody writes to this pipe');
    await setTimeout(LOOK);
  }
}

function withRoom(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length);
  larger.set(bytes);
  return larger;
}

function tooLarge(path: string, what: string, most: number, size: string): WoodFisherError {
  return formatError(path, `${what} must have at most ${most} bytes, but this file has ${size}`);
}

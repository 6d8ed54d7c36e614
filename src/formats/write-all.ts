import type { FileHandle } from 'node:fs/promises';

// One write occupies a thread of libuv's pool; at this size others get their turn.
const PIECE_BYTES = 8 * 1024 * 1024;

/**
 * Writes all of `bytes`, in pieces of at most 8 MiB.
 *
 * @param position Where in the file. Default: the handle's current position, which moves on.
 */
export async function writeAll(
  handle: FileHandle,
  bytes: Uint8Array,
  position?: number,
): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const length = Math.min(PIECE_BYTES, bytes.byteLength - done);
    const at = position === undefined ? null : position + done;
    // The system may write less than it was given, without an error.
    done += (await handle.write(bytes, done, length, at)).bytesWritten;
  }
}

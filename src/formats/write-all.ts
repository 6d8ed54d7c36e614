import type { FileHandle } from 'node:fs/promises';

// One write occupies a thread of libuv's pool; at this size others get their turn.
const PIECE_BYTES = 8 * 1024 * 1024;

/** Writes all of `bytes` at the handle's current position, in pieces of at most 8 MiB. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const length = Math.min(PIECE_BYTES, bytes.byteLength - done);
    // The system may write less than it was given, without an error.
    done += (await handle.write(bytes, done, length, null)).bytesWritten;
  }
}

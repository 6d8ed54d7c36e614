import type { FileHandle } from 'node:fs/promises';
import { formatError } from '../errors.js';

// One read occupies a thread of libuv's pool; at this size others get their turn.
const PIECE_BYTES = 8 * 1024 * 1024;

/**
 * Fills all of `into` with the bytes of `file` from `position` on, in pieces of at most 8 MiB.
 *
 * @throws WoodFisherError `ERR_WOODFISHER_FORMAT` if the file ends before, or cannot be read.
 */
export async function readFully(
  handle: FileHandle,
  into: Uint8Array,
  position: number,
  file: string,
): Promise<void> {
  let done = 0;
  while (done < into.byteLength) {
    const offset = position + done;
    const length = Math.min(PIECE_BYTES, into.byteLength - done);
    const { bytesRead } = await handle.read(into, done, length, offset).catch((cause: Error) => {
      throw formatError(file, `cannot be read: ${cause.message}`, { offset }, cause);
    });
    if (bytesRead === 0) {
      const missing = into.byteLength - done;
      throw formatError(file, `the file became shorter while open: ${missing} bytes are missing`, {
        offset,
      });
    }
    done += bytesRead;
  }
}

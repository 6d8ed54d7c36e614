import type { FileHandle } from 'node:fs/promises';
import { writeAll } from '../write-all.js';
import type { CompactFile } from './compact-file.js';
import type { WriteContext } from './write-compact.js';

/** Writes the dense file through a handle: each piece while the next one is unpacked. */
export async function writeExpanded(
  handle: FileHandle,
  file: CompactFile,
  { buffers, onBytes }: WriteContext,
): Promise<void> {
  await writeAll(handle, file.denseHeader);
  let pending = Promise.resolve();
  try {
    for (const entry of file.tensors.values()) {
      for await (const { bytes } of file.pieces(entry, buffers)) {
        await pending;
        pending = writeAll(handle, bytes);
        pending.catch(() => {}); // told when it is waited for
        onBytes(bytes.byteLength);
      }
      await pending; // the next tensor begins with any of the two buffers
    }
  } finally {
    await pending.catch(() => {});
  }
}

import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Has the system forget what it holds of files in memory (GNU dd; elsewhere reading may be too fast). */
export async function forgetPages(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await promisify(execFile)('sync', ['-d', path]);
    await promisify(execFile)('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
  }
}

/** Seconds to read files from beginning to end. */
export async function readSequentially(paths: readonly string[]): Promise<number> {
  const start = performance.now();
  const into = new Uint8Array(8 * 2 ** 20);
  for (const path of paths) {
    await using handle = await open(path, 'r');
    while ((await handle.read(into, 0, into.length, null)).bytesRead > 0);
  }
  return (performance.now() - start) / 1000;
}

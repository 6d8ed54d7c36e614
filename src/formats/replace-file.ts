import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WoodFisherError } from '../errors.js';
import { outputError } from './errors.js';
import { temporaryName } from './temporary-name.js';

/**
 * Replaces the file at `path`, or creates it, so that at every moment, also after a crash or a power
 * failure, it holds either all of the old content or all of the new: `write` fills a temporary file
 * in the same folder, which is synchronised and then renamed over the target.
 *
 * A symbolic link is followed; the permissions of a file that exists are kept.
 *
 * @param write Writes the content through the handle, from its start. The handle is closed afterwards.
 * @param durable Whether it has to survive a power failure. Default true.
 * @throws WoodFisherError `ERR_WOODFISHER_OUTPUT`, with the reason as `cause`; the temporary file is
 * gone and the old file as it was.
 */
export async function replaceFile(
  path: string,
  write: (handle: FileHandle) => Promise<void>,
  { durable = true }: { durable?: boolean } = {},
): Promise<void> {
  let temporary: string | undefined;
  try {
    const target = await unlessMissing(realpath(path), path);
    const before = await unlessMissing(stat(target), undefined);
    if (before !== undefined && !before.isFile()) {
      throw outputError(path, 'there is something else than a regular file in its place');
    }
    const folder = dirname(target);
    const name = temporaryName(target);
    const handle = await open(name, 'wx', before === undefined ? 0o666 : before.mode & 0o777);
    temporary = name;
    try {
      await write(handle);
      if (before !== undefined) await keepMode(handle, before.mode & 0o777);
      if (durable) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
    temporary = undefined;
    if (durable) await syncFolder(folder);
  } catch (error) {
    if (temporary !== undefined) await unlink(temporary).catch(() => {});
    if (error instanceof WoodFisherError && error.code === 'ERR_WOODFISHER_OUTPUT') throw error;
    throw outputError(path, error instanceof Error ? error.message : String(error), {}, error);
  }
}

async function unlessMissing<T, U>(found: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw error;
  }
}

/** The umask applies when a file is created; file systems without permissions refuse any change. */
async function keepMode(handle: FileHandle, mode: number): Promise<void> {
  if (((await handle.stat()).mode & 0o777) !== mode) await handle.chmod(mode);
}

/** Makes the rename itself durable. Best effort: not every platform opens folders. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // The new content is in place; only its survival of a power failure is left to the system.
  }
}

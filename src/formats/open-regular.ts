import { type FileHandle, open, stat } from 'node:fs/promises';
import { WoodFisherError } from '../errors.js';
import { formatError } from './errors.js';

/**
 * Opens a file for reading that is one: opening a pipe would wait for its writer, for ever where there
 * is none.
 *
 * @throws WoodFisherError `ERR_WOODFISHER_FORMAT`, with the reason as `cause`.
 */
export async function openRegular(path: string): Promise<FileHandle> {
  try {
    if (!(await stat(path)).isFile()) throw formatError(path, 'is not a regular file');
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof WoodFisherError) throw error;
    throw formatError(path, `cannot be opened: ${(error as Error).message}`, {}, error);
  }
}

import { type FileHandle, open } from 'node:fs/promises';
import { WoodFisherError } from '../errors.js';

/** Files that are open at a time at most: a process may have 1,024. */
const MOST = 64;

/** Opens a file that the run has written before. */
export async function openWritten(path: string): Promise<FileHandle> {
  return await open(path, 'r').catch((cause: Error) => {
    throw new WoodFisherError(
      'ERR_WOODFISHER_STATE',
      `${path} is missing, which the run has written before: ${cause.message}; remove the work directory and begin again`,
      {},
      { cause },
    );
  });
}

/** Files that are read from again and again, open from the first time on; the oldest gives way. */
export class OpenFiles implements AsyncDisposable {
  readonly #handles = new Map<string, FileHandle>();

  async get(path: string): Promise<FileHandle> {
    const known = this.#handles.get(path);
    if (known !== undefined) return known;
    const [oldest] = this.#handles;
    if (this.#handles.size === MOST && oldest !== undefined) {
      this.#handles.delete(oldest[0]);
      await oldest[1].close();
    }
    const handle = await openWritten(path);
    this.#handles.set(path, handle);
    return handle;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#handles.values()].map((handle) => handle.close()));
    this.#handles.clear();
  }
}

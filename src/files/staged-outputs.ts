import { chmod, mkdir, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { reworded, WoodFisherError } from '../errors.js';
import { outputError } from '../formats/errors.js';
import { temporaryName } from '../formats/temporary-name.js';
import { targetOf } from './output-paths.js';

/**
 * Several files that appear together: each is written beside its target, and only when all of them are
 * there are they renamed. What was not committed is removed when this is disposed of.
 */
export class StagedOutputs implements AsyncDisposable {
  readonly #staged: { path: string; target: string; temporary: string }[] = [];
  readonly #folders: string[] = [];
  readonly #onStage: (temporary: string) => Promise<void>;

  /** @param onStage Told the path of each file before it is there. */
  constructor(onStage: (temporary: string) => Promise<void> = async () => {}) {
    this.#onStage = onStage;
  }

  /**
   * Has a file written beside `path`.
   *
   * @param write Writes all of it to the path it is given.
   */
  async stage(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
    const target = await targetOf(path);
    const temporary = temporaryName(target);
    await this.#onStage(temporary);
    this.#staged.push({ path, target, temporary });
    try {
      await write(temporary);
      const before = await stat(target).catch(() => undefined);
      if (before !== undefined) await chmod(temporary, before.mode & 0o777);
    } catch (error) {
      throw named(path, temporary, error);
    }
  }

  /** Makes a folder where there is none; it goes again when nothing was committed into it. */
  async makeFolder(path: string): Promise<void> {
    const before = await stat(path).catch(() => undefined);
    if (before?.isDirectory()) return;
    if (before !== undefined) {
      throw outputError(path, 'the model is in several files and needs a folder, but this is none');
    }
    await mkdir(path).catch((error: Error) => {
      throw outputError(path, error.message, {}, error);
    });
    this.#folders.push(path);
  }

  /** Puts all staged files in their places. */
  async commit(): Promise<void> {
    for (let next = this.#staged[0]; next !== undefined; next = this.#staged[0]) {
      const { path, target, temporary } = next;
      await rename(temporary, target).catch((error) => {
        throw named(path, temporary, error);
      });
      this.#staged.shift();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#staged.map(({ temporary }) => unlink(temporary).catch(() => {})));
    this.#staged.length = 0;
    // A folder that holds something by now stays.
    for (const folder of this.#folders.splice(0)) await rmdir(folder).catch(() => {});
  }
}

/** An error about the temporary file, as one about the file that was to be written. */
function named(path: string, temporary: string, error: unknown): WoodFisherError {
  const message = (error instanceof Error ? error.message : String(error)).replaceAll(
    temporary,
    path,
  );
  if (!(error instanceof WoodFisherError)) return outputError(path, message, {}, error);
  return reworded(error, message);
}

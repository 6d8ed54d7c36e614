import { type FileHandle, mkdir, rmdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { WoodFisherError } from '../errors.js';
import { outputError } from '../formats/errors.js';
import { replaceFile } from '../formats/replace-file.js';
import type { ModelFiles } from '../formats/safetensors/model-files.js';
import { StagedOutputs } from './staged-outputs.js';

/** What is written in place of a model. */
export interface ModelOutput {
  /** Writes what becomes of file `i` of the model, from the start of an empty one. */
  write: (handle: FileHandle, i: number) => Promise<void>;
  /** The text of the index, of a model in several files; asked for when these are written. */
  index: () => string;
  /** Why `write` may have failed. */
  signal?: AbortSignal;
}

/**
 * Writes a model file by file: one file at `output`, or, of a model in several files, a folder with
 * files and an index of the same names. All of them appear at the end, or none; what else is in the
 * folder stays.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_OUTPUT` where the output cannot be written; what `write`
 * throws is passed on.
 */
export async function writeModel(
  output: string,
  model: ModelFiles,
  what: ModelOutput,
): Promise<void> {
  try {
    if (model.index !== undefined) await writeFolder(output, model, what);
    else await replaceWith(output, (handle) => what.write(handle, 0));
  } catch (error) {
    what.signal?.throwIfAborted();
    throw error;
  }
}

async function writeFolder(
  output: string,
  model: ModelFiles,
  { write, index }: ModelOutput,
): Promise<void> {
  const made = await makeFolder(output);
  try {
    await using outputs = new StagedOutputs();
    for (const [i, { name }] of model.files.entries()) {
      await outputs.stage(join(output, name), (path) =>
        replaceWith(path, (handle) => write(handle, i)),
      );
    }
    const text = index();
    await outputs.stage(join(output, basename(model.path)), (path) =>
      replaceWith(path, (handle) => handle.writeFile(text)),
    );
    await outputs.commit();
  } catch (error) {
    if (made) await rmdir(output).catch(() => {});
    throw error;
  }
}

/** As {@link replaceFile}, but an error of the input is told as one. */
async function replaceWith(
  path: string,
  write: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  try {
    await replaceFile(path, write);
  } catch (error) {
    if (error instanceof WoodFisherError && error.cause instanceof WoodFisherError) {
      throw error.cause;
    }
    throw error;
  }
}

/** Whether the folder was not there before. */
async function makeFolder(path: string): Promise<boolean> {
  const before = await stat(path).catch(() => undefined);
  if (before?.isDirectory()) return false;
  if (before !== undefined) {
    throw outputError(path, 'the model is in several files and needs a folder, but this is none');
  }
  await mkdir(path).catch((error: Error) => {
    throw outputError(path, error.message, {}, error);
  });
  return true;
}

import type { FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { WoodFisherError } from '../errors.js';
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
  /** Whether it has to survive a power failure. Default true. */
  durable?: boolean;
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
  await using outputs = new StagedOutputs();
  await stageModel(outputs, output, model, what);
  await outputs.commit();
}

/** The same beside other outputs, all of which appear together. */
export async function stageModel(
  outputs: StagedOutputs,
  output: string,
  model: ModelFiles,
  { write, index, signal, durable = true }: ModelOutput,
): Promise<void> {
  const stage = (path: string, fill: (handle: FileHandle) => Promise<void>): Promise<void> =>
    outputs.stage(path, (temporary) => replaceWith(temporary, fill, durable));
  try {
    if (model.index === undefined) {
      await stage(output, (handle) => write(handle, 0));
      return;
    }
    await outputs.makeFolder(output);
    for (const [i, { name }] of model.files.entries()) {
      await stage(join(output, name), (handle) => write(handle, i));
    }
    const text = index();
    await stage(join(output, basename(model.path)), (handle) => handle.writeFile(text));
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** As {@link replaceFile}, but an error of the input is told as one. */
async function replaceWith(
  path: string,
  write: (handle: FileHandle) => Promise<void>,
  durable: boolean,
): Promise<void> {
  try {
    await replaceFile(path, write, { durable });
  } catch (error) {
    if (error instanceof WoodFisherError && error.cause instanceof WoodFisherError) {
      throw error.cause;
    }
    throw error;
  }
}

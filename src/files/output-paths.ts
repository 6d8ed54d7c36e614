import { open, realpath, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { WoodFisherError } from '../errors.js';
import { outputError } from '../formats/errors.js';
import { temporaryName } from '../formats/temporary-name.js';

/** An output and the option that names it. */
export interface OutputPath {
  option: string;
  path: string;
  /** A folder, made where it is not there. */
  folder?: boolean;
}

/**
 * Refuses outputs that could not be written, before any work is done for them: two at the same path,
 * folders that are missing or not writable, and paths of something else than a regular file.
 *
 * @throws WoodFisherError `ERR_WOODFISHER_OUTPUT`
 */
export async function checkOutputs(outputs: readonly OutputPath[]): Promise<void> {
  const options = new Map<string, string>();
  for (const { option, path, folder = false } of outputs) {
    const target = await requireWritable(path, folder);
    const other = options.get(target);
    if (other !== undefined) {
      throw new WoodFisherError(
        'ERR_WOODFISHER_OUTPUT',
        `${other} and ${option} must be different files, but both are ${path}`,
        { option, value: path },
      );
    }
    options.set(target, option);
  }
}

/** Where a path leads: links followed, of the file where there is one and of its folder otherwise. */
export async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return join(await realpath(dirname(path)), basename(path));
  }
}

async function requireWritable(path: string, folder: boolean): Promise<string> {
  const target = await targetOf(path).catch((error: NodeJS.ErrnoException) => {
    const problem = `the folder ${dirname(path)} does not exist`;
    throw outputError(path, error.code === 'ENOENT' ? problem : error.message, {}, error);
  });
  const before = await stat(target).catch(() => undefined);
  if (folder && before?.isDirectory() === false) {
    throw outputError(path, 'the model is in several files and needs a folder, but this is none');
  }
  if (!folder && before?.isFile() === false) {
    throw outputError(path, 'there is something else than a regular file in its place');
  }
  try {
    // Only trying tells: permissions say nothing of read-only file systems, or to the superuser.
    const probe = temporaryName(before?.isDirectory() ? join(target, 'any') : target);
    await (await open(probe, 'wx')).close();
    await unlink(probe);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const problem = `the folder ${dirname(path)} is not writable: ${reason}`;
    throw outputError(path, problem, {}, error);
  }
  return target;
}

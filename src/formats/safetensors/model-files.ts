import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { WoodFisherError } from '../../errors.js';
import { formatError, quote } from '../errors.js';
import { readShardIndex, requireSameTensors, type ShardIndex } from './index-file.js';
import { openSafetensors, type ReadOptions, type SafetensorsFile } from './reader.js';
import type { TensorEntry } from './tensor-entry.js';

/** Name of the index in a folder, as the libraries of Hugging Face write it. */
const INDEX_NAME = 'model.safetensors.index.json';
const SINGLE_NAME = 'model.safetensors';

/** A tensor of a model, and the file it is in; its byte range is that in the file. */
export interface ModelTensor extends TensorEntry {
  file: SafetensorsFile;
}

/** A file of a model. */
export interface ModelFile {
  /** As in the index; of a model in one file, the name of that file. */
  name: string;
  file: SafetensorsFile;
}

/** The open files of a model, one or several (its shards). Reads may run at the same time. */
export class ModelFiles implements AsyncDisposable {
  /** The file, or the index. */
  readonly path: string;
  /** In the order of their names. */
  readonly files: readonly ModelFile[];
  /** Of a model in several files. */
  readonly index: ShardIndex | undefined;
  /** By name; file after file, in the order of their data. */
  readonly tensors: ReadonlyMap<string, ModelTensor>;
  /** The strings under `__metadata__` of all files; where files differ, the first one's. */
  readonly metadata: ReadonlyMap<string, string>;

  /** Use {@link openModelFiles}. */
  constructor(path: string, files: readonly ModelFile[], index?: ShardIndex) {
    this.path = path;
    this.files = files;
    this.index = index;
    const tensors = new Map<string, ModelTensor>();
    for (const { file } of files) {
      // A literal of all fields takes half of what a spread one does, and there may be very many.
      for (const { name, dtype, shape, begin, end, byteOffset, size } of file.tensors.values()) {
        tensors.set(name, { name, dtype, shape, begin, end, byteOffset, size, file });
      }
    }
    this.tensors = tensors;
    this.metadata = new Map(files.toReversed().flatMap(({ file }) => [...file.metadata]));
  }

  /** Elements as float32; see {@link SafetensorsFile.read}. */
  async read(name: string, options?: ReadOptions): Promise<Float32Array> {
    return this.#fileOf(name).read(name, options);
  }

  /** Bytes `start` to `end` (exclusive) as they stand on disk; see {@link SafetensorsFile.readBytes}. */
  async readBytes(name: string, start?: number, end?: number): Promise<Uint8Array> {
    return this.#fileOf(name).readBytes(name, start, end);
  }

  /** Closes all files, after the reads under way. */
  async close(): Promise<void> {
    await Promise.all(this.files.map(({ file }) => file.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #fileOf(name: string): SafetensorsFile {
    const found = this.tensors.get(name);
    if (found !== undefined) return found.file;
    throw new WoodFisherError(
      'ERR_WOODFISHER_MISSING',
      `${this.path} has no tensor ${quote(name)}; it has ${this.tensors.size}`,
      { parameter: name },
    );
  }
}

/**
 * Opens a model in one safetensors file or in several with an index, and checks headers and index.
 *
 * @param path A safetensors file; an index (`*.json`), beside its files; or a folder that has
 * `model.safetensors.index.json` or `model.safetensors`.
 * @throws WoodFisherError `ERR_WOODFISHER_FORMAT` for files that are invalid, missing or cannot be
 * read, names in the index that are paths, and tensors that are in two files, in none, or in another
 * one than the index says.
 */
export async function openModelFiles(path: string): Promise<ModelFiles> {
  const main = await mainFile(path);
  if (!main.endsWith('.json')) {
    const file = await openSafetensors(main);
    return new ModelFiles(main, [{ name: basename(main), file }]);
  }
  const index = await readShardIndex(main);
  const files: ModelFile[] = [];
  try {
    for (const name of index.shards) {
      const file = await openSafetensors(join(dirname(main), name)).catch((error) => {
        if ((error.cause as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT') throw error;
        throw formatError(main, `its file ${quote(name)} is missing`, { value: name }, error);
      });
      files.push({ name, file });
    }
    const names = new Map(files.map(({ name, file }) => [name, file.tensors.keys()]));
    requireSameTensors(index, names, main);
    return new ModelFiles(main, files, index);
  } catch (error) {
    await Promise.all(files.map(({ file }) => file.close()));
    throw error;
  }
}

/** Whether a path leads to a model in several files, by the path alone. */
export async function isSharded(path: string): Promise<boolean> {
  return (await mainFile(path)).endsWith('.json');
}

async function mainFile(path: string): Promise<string> {
  if (!(await isFolder(path))) return path;
  for (const name of [INDEX_NAME, SINGLE_NAME]) {
    const file = join(path, name);
    if (await stat(file).catch(() => undefined)) return file;
  }
  throw formatError(path, `the folder has neither ${INDEX_NAME} nor ${SINGLE_NAME}`);
}

/** What cannot be looked at is told when it is opened. */
async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

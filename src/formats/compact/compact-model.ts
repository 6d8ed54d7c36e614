import { WoodFisherError } from '../../errors.js';
import { toFloat32 } from '../conversion.js';
import { type Dtype, isFloatDtype } from '../dtypes.js';
import { formatError, quote } from '../errors.js';
import { parseShardIndex, requireSameTensors } from '../safetensors/index-file.js';
import { type ModelFiles, openModelFiles } from '../safetensors/model-files.js';
import { Buffers } from './buffers.js';
import { type CompactEntry, CompactFile } from './compact-file.js';
import type { Piece } from './dense-pieces.js';
import { INDEX_KEY } from './description.js';

/** A tensor of a compact model, as it is in the dense one. */
export interface CompactTensor {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
  /** Elements. */
  size: number;
  /** `bitmask`, `csr`, a pattern such as `2:4`, or `dense`: as it is. */
  format: string;
  /** Bytes of what stands for it. */
  compactBytes: number;
}

/** An open compact model, in one file or in several. Reads may run at the same time. */
export class CompactModel implements AsyncDisposable {
  readonly path: string;
  /** The tensors of the dense model, by name, in its order. */
  readonly tensors: ReadonlyMap<string, CompactTensor>;
  /** The strings under `__metadata__` of the dense model. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly #files: ModelFiles;
  readonly #entries: ReadonlyMap<string, { file: CompactFile; entry: CompactEntry }>;

  /** Use {@link openCompact}. */
  constructor(model: ModelFiles, files: readonly CompactFile[]) {
    this.path = model.path;
    this.#files = model;
    this.metadata = new Map(files.toReversed().flatMap(({ metadata }) => [...metadata]));
    this.#entries = new Map(
      files.flatMap((file) =>
        [...file.tensors.values()].map((entry) => [entry.name, { file, entry }]),
      ),
    );
    this.tensors = new Map([...this.#entries].map(([name, { entry }]) => [name, describe(entry)]));
  }

  /**
   * The bytes of a tensor of any dtype, as in the dense model.
   *
   * @throws {WoodFisherError} `ERR_WOODFISHER_MISSING` for an unknown name, `ERR_WOODFISHER_FORMAT` for
   * parts that do not fit each other.
   */
  async readBytes(name: string): Promise<Uint8Array> {
    const { entry } = this.#find(name);
    const all = new Uint8Array(entry.end - entry.begin);
    let done = 0;
    for await (const { bytes } of this.#pieces(name)) {
      all.set(bytes, done);
      done += bytes.byteLength;
    }
    return all;
  }

  /**
   * Elements of an F16, BF16, F32 or F64 tensor as float32, row-major.
   *
   * @throws {WoodFisherError} As {@link readBytes}; `ERR_WOODFISHER_FORMAT` for other dtypes too.
   */
  async read(name: string): Promise<Float32Array> {
    const { file, entry } = this.#find(name);
    const { dtype, size } = entry;
    if (!isFloatDtype(dtype)) {
      const problem = `tensor ${quote(name)} is of ${dtype}; only F16, BF16, F32 and F64 can be read as numbers`;
      throw formatError(file.file.path, problem, { parameter: name, value: dtype });
    }
    const all = new Float32Array(size);
    for await (const { bytes, begin, end } of this.#pieces(name)) {
      toFloat32(dtype, bytes, all.subarray(begin, end));
    }
    return all;
  }

  /** Closes the files, after the reads under way. */
  async close(): Promise<void> {
    await this.#files.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #pieces(name: string): AsyncGenerator<Piece> {
    const { file, entry } = this.#find(name);
    return file.pieces(entry, new Buffers());
  }

  #find(name: string): { file: CompactFile; entry: CompactEntry } {
    const found = this.#entries.get(name);
    if (found !== undefined) return found;
    throw new WoodFisherError(
      'ERR_WOODFISHER_MISSING',
      `${this.path} has no tensor ${quote(name)}; it has ${this.#entries.size}`,
      { parameter: name },
    );
  }
}

/**
 * Opens a compact model, whose tensors are then read by name.
 *
 * @param path A compact safetensors file, an index or the folder it is in.
 * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT` for what is invalid, not compact or of another
 * version.
 *
 * @example
 * await using model = await openCompact('pruned.compact.safetensors');
 * const weights = await model.read('fc1.weight');
 */
export async function openCompact(path: string): Promise<CompactModel> {
  const model = await openModelFiles(path);
  try {
    return new CompactModel(model, compactFiles(model));
  } catch (error) {
    await model.close();
    throw error;
  }
}

/** The files of a compact model, in its order. */
export function compactFiles({ files }: ModelFiles): CompactFile[] {
  return files.map(({ file }) => new CompactFile(file));
}

/**
 * The index of the dense model, word for word.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT` where it is missing or names other tensors.
 */
export function denseIndex(
  { path, index, files }: ModelFiles,
  dense: readonly CompactFile[],
): string {
  const text = index?.strings.get(INDEX_KEY);
  if (text === undefined)
    throw formatError(
      path,
      `the index of a compact model has ${quote(INDEX_KEY)}, but this one does not`,
    );
  const label = `${path}, ${INDEX_KEY}`;
  const parsed = parseShardIndex(new TextEncoder().encode(text), label);
  const names = new Map(files.map(({ name }, i) => [name, dense[i].tensors.keys()]));
  requireSameTensors(parsed, names, label);
  return text;
}

function describe({ name, dtype, shape, size, layout, storedBytes }: CompactEntry): CompactTensor {
  return { name, dtype, shape, size, format: layout?.name ?? 'dense', compactBytes: storedBytes };
}

import type { Dtype } from '../../formats/dtypes.js';
import { formatError, quote } from '../../formats/errors.js';
import { openSafetensors, type SafetensorsFile } from '../../formats/safetensors/reader.js';
import { fromMetadata, type StateDescription } from './description.js';
import type { BlockArrays, StateSource, WeightVectors } from './state-source.js';
import {
  blockArrayDtype,
  blockArrayShape,
  blockArrays,
  longestBlock,
  type TensorKind,
  tensorName,
  VECTOR_DTYPES,
  VECTORS,
} from './tensors.js';

/** A saved Fisher state. Everything but its numbers is checked when it is opened. */
export class FileSource implements StateSource, AsyncDisposable {
  readonly name: string;
  readonly description: StateDescription;
  readonly #file: SafetensorsFile;

  private constructor(file: SafetensorsFile, description: StateDescription) {
    this.name = file.path;
    this.description = description;
    this.#file = file;
  }

  /**
   * Opens a file that {@link saveState} has written.
   *
   * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT` for what is no such file, or one that is damaged.
   */
  static async open(path: string): Promise<FileSource> {
    const file = await openSafetensors(path);
    try {
      const source = new FileSource(file, fromMetadata(file.metadata, path));
      for (const index of source.description.parameters.keys()) await source.#check(index);
      return source;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  shape(index: number): readonly number[] {
    return this.#entry('weight', index).shape;
  }

  async vector<K extends keyof WeightVectors>(kind: K, index: number): Promise<WeightVectors[K]> {
    const bytes = await this.#file.readBytes(this.#tensor(kind, index));
    return VECTOR_ARRAYS[kind](bytes);
  }

  async starts(index: number): Promise<Uint32Array> {
    return uint32(await this.#file.readBytes(this.#tensor('starts', index)));
  }

  async elements<K extends keyof BlockArrays>(
    kind: K,
    index: number,
    start: number,
    count: number,
  ): Promise<BlockArrays[K]> {
    const size = kind === 'rows' ? 4 : 8;
    const name = this.#tensor(kind, index);
    const bytes = await this.#file.readBytes(name, start * size, (start + count) * size);
    const array = BLOCK_ARRAYS[kind](bytes);
    for (let i = 0; i < count; i++) {
      if (!Number.isFinite(array[i])) {
        const problem = `tensor ${quote(name)} must be finite, but is ${array[i]} at index ${start + i}`;
        throw formatError(this.name, problem, { value: array[i] });
      }
    }
    return array;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #check(index: number): Promise<void> {
    const { samples } = this.description;
    const shape = this.shape(index);
    for (const kind of VECTORS) {
      this.#require(kind, index, VECTOR_DTYPES[kind], shape);
    }
    const [length] = this.#entry('starts', index).shape;
    this.#require('starts', index, 'U32', [length ?? 0]);
    const starts = await this.starts(index);
    for (const kind of blockArrays(this.description)) {
      const expected = blockArrayShape(kind, starts.length - 1, longestBlock(starts), samples);
      this.#require(kind, index, blockArrayDtype(kind), expected);
    }
  }

  #require(kind: TensorKind, index: number, dtype: Dtype, shape: readonly number[]): void {
    const found = this.#entry(kind, index);
    if (found.dtype === dtype && `${found.shape}` === `${shape}`) return;
    throw formatError(
      this.name,
      `tensor ${quote(found.name)} must be ${dtype} [${shape}], but is ${found.dtype} [${found.shape}]`,
      { parameter: this.description.parameters[index].name },
    );
  }

  #entry(kind: TensorKind, index: number) {
    const name = this.#tensor(kind, index);
    const entry = this.#file.tensors.get(name);
    if (entry !== undefined) return entry;
    throw formatError(this.name, `has no tensor ${quote(name)}`, {
      parameter: this.description.parameters[index].name,
    });
  }

  #tensor(kind: TensorKind, index: number): string {
    return tensorName(kind, this.description.parameters[index].name);
  }
}

// The numbers that little-endian bytes on memory of their own are.
const float32 = ({ buffer, byteLength }: Uint8Array) => new Float32Array(buffer, 0, byteLength / 4);
const float64 = ({ buffer, byteLength }: Uint8Array) => new Float64Array(buffer, 0, byteLength / 8);
const uint32 = ({ buffer, byteLength }: Uint8Array) => new Uint32Array(buffer, 0, byteLength / 4);

const VECTOR_ARRAYS: { [K in keyof WeightVectors]: (bytes: Uint8Array) => WeightVectors[K] } = {
  weight: float32,
  mask: (bytes) => bytes,
  gradient_sum: float64,
  square_sum: float64,
};

const BLOCK_ARRAYS: { [K in keyof BlockArrays]: (bytes: Uint8Array) => BlockArrays[K] } = {
  triangles: float64,
  low_order: float64,
  rows: float32,
};

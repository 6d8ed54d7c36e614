import type { Dtype } from '../formats/dtypes.js';
import type { ReadOptions } from '../formats/safetensors/reader.js';

/** What is known of a tensor before its data are read. */
export interface TensorInfo {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
  /** Elements. */
  size: number;
}

/**
 * Named tensors on disk, read on demand. A safetensors file is one; whatever else can give tensors by
 * name and range (several files with an index, say) is used in the same way.
 */
export interface TensorReader {
  /** For messages. */
  readonly path: string;
  /** By name, in the order in which a copy has to be written. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, string>;
  /** Elements as float32, row-major. */
  read(name: string, options?: ReadOptions): Promise<Float32Array>;
  /** Bytes `start` to `end` (exclusive) as they stand on disk. */
  readBytes(name: string, start?: number, end?: number): Promise<Uint8Array>;
}

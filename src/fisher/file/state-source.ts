import type { StateDescription } from './description.js';

/** Vectors with one element a weight, in the model's layout. */
export interface WeightVectors {
  weight: Float32Array;
  /** 1 = still there. */
  mask: Uint8Array;
  /** Σ g */
  gradient_sum: Float64Array;
  /** Σ g² */
  square_sum: Float64Array;
}

/** Arrays with a run of elements a block: blocks · length of the longest block's. */
export interface BlockArrays {
  /** gram: S, woodbury: P; the packed triangle of each block, with room for the longest. */
  triangles: Float64Array;
  /** gram: rounding errors of S, in the same layout. */
  low_order: Float64Array;
  /** dual: the samples of each block as rows, with room for the longest block's. */
  rows: Float32Array;
}

/** A Fisher state that is read piece by piece: a live one, or a file. */
export interface StateSource {
  /** For messages. */
  readonly name: string;
  readonly description: StateDescription;
  /** Shape of a parameter, by its position in the description. */
  shape(index: number): readonly number[];
  /** A whole vector of a parameter. */
  vector<K extends keyof WeightVectors>(kind: K, index: number): Promise<WeightVectors[K]>;
  /** First weight of each block and, last, the number of weights; in block order. */
  starts(index: number): Promise<Uint32Array>;
  /** Elements [start, start + count) of a block array; what no block uses is 0. */
  elements<K extends keyof BlockArrays>(
    kind: K,
    index: number,
    start: number,
    count: number,
  ): Promise<BlockArrays[K]>;
}

/** Elements that are read or written at a time: 2 MB of float64. */
export const STATE_PIECE = 1 << 18;

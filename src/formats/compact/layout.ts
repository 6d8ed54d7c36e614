import type { PartReader } from './part-reader.js';
import type { PartWriter } from './part-writer.js';
import type { DenseTensor, Part } from './tensor.js';
import type { Words } from './words.js';

/** Works on the next elements, `begin` to `end`, of a tensor whose pieces come in order. */
export type PieceStep = (piece: Words, begin: number, end: number) => Promise<void>;

/** Throws an error that names the file, the tensor and the rule. */
export type Fail = (rule: string) => never;

/**
 * A way to store the elements of a tensor that are not +0.0, in tensors of their own (its parts).
 * Whatever has another bit pattern than +0.0 is a stored value: -0.0 and NaN come back as they were.
 */
export interface Layout {
  /** As in the description of the file and in `format`. */
  readonly name: string;
  /** Its parts, in the order of the file, where `stored` elements are stored. */
  parts(tensor: DenseTensor, stored: number): Part[];
  /** Ends of the pieces in which a tensor is packed and unpacked. */
  cuts(tensor: DenseTensor): Iterable<number>;
  /** Packs a tensor piece by piece into its parts. */
  packer(tensor: DenseTensor, parts: readonly PartWriter[], fail: Fail): PieceStep;
  /**
   * Fills piece by piece, from the parts, checking all that they say. The pieces need not be zeros
   * before.
   */
  unpacker(tensor: DenseTensor, parts: readonly PartReader[], fail: Fail): PieceStep;
}

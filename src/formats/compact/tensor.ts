import type { Dtype } from '../dtypes.js';
import type { TensorDescription } from '../safetensors/header-text.js';

/** A tensor as it stands in the dense file. */
export interface DenseTensor extends TensorDescription {
  /** Elements. */
  size: number;
}

/** One of the tensors that stand for a dense one in a compact file. */
export interface Part {
  /** Its name is that of the dense tensor, a dot, and this. */
  suffix: string;
  dtype: Dtype;
  shape: readonly number[];
}

/** Length of the last axis; 1 for a scalar. */
export function lastAxis({ shape }: DenseTensor): number {
  return shape.at(-1) ?? 1;
}

/** The tensor as a matrix: its first axis, and all others together. */
export function matrixShape({ shape, size }: DenseTensor): { rows: number; columns: number } {
  const rows = shape[0] ?? 1;
  return { rows, columns: rows === 0 ? 0 : size / rows };
}

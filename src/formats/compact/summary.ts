import { DTYPE_BYTES, type Dtype } from '../dtypes.js';
import type { PlannedTensor } from './plan.js';
import type { DenseTensor } from './tensor.js';

/** What is in a tensor, and how it is or would be stored compactly. */
export interface TensorSummary {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
  /** Elements. */
  size: number;
  /** Elements with the bits of +0.0. -0.0 is a value like any other. */
  zeros: number;
  /** zeros / size; 0 for a tensor without elements. */
  sparsity: number;
  /** `bitmask`, `csr`, a pattern such as `2:4`, or `dense`: as it is. */
  format: string;
  /** Why it is `dense`, where that is known. */
  reason?: string;
  denseBytes: number;
  compactBytes: number;
}

/** Sums over a model. */
export interface ModelTotals {
  size: number;
  zeros: number;
  sparsity: number;
  /** Of the files, their headers included, without an index. */
  denseBytes: number;
  compactBytes: number;
}

/** @param stored Elements that are not +0.0. */
export function summaryOf(
  { name, dtype, shape, size }: DenseTensor,
  stored: number,
  format: string,
  compactBytes: number,
  reason?: string,
): TensorSummary {
  const zeros = size - stored;
  const sparsity = size === 0 ? 0 : zeros / size;
  const denseBytes = size * DTYPE_BYTES[dtype];
  const why = reason === undefined ? {} : { reason };
  return { name, dtype, shape, size, zeros, sparsity, format, ...why, denseBytes, compactBytes };
}

export function plannedSummary({ tensor, choice, stored }: PlannedTensor): TensorSummary {
  const { layout, bytes, reason } = choice;
  return summaryOf(tensor, stored, layout?.name ?? 'dense', bytes, reason);
}

export function totalsOf(
  tensors: readonly TensorSummary[],
  denseBytes: number,
  compactBytes: number,
): ModelTotals {
  const size = tensors.reduce((sum, tensor) => sum + tensor.size, 0);
  const zeros = tensors.reduce((sum, tensor) => sum + tensor.zeros, 0);
  return { size, zeros, sparsity: size === 0 ? 0 : zeros / size, denseBytes, compactBytes };
}

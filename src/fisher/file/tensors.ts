import type { Dtype } from '../../formats/dtypes.js';
import type { BlockArrays, StateSource, WeightVectors } from './state-source.js';

/** Element types of the vectors. */
export const VECTOR_DTYPES: Record<keyof WeightVectors, Dtype> = {
  weight: 'F32',
  mask: 'U8',
  gradient_sum: 'F64',
  square_sum: 'F64',
};

export const VECTORS = Object.keys(VECTOR_DTYPES) as (keyof WeightVectors)[];

/** What a tensor of the file holds. */
export type TensorKind = keyof WeightVectors | keyof BlockArrays | 'starts';

/** The name of a parameter's tensor of a kind in the file. */
export function tensorName(kind: TensorKind, parameter: string): string {
  return `${kind}:${parameter}`;
}

/** The block arrays that a state has, by its solver. */
export function blockArrays({
  solver,
  lowOrder,
}: StateSource['description']): (keyof BlockArrays)[] {
  if (solver === 'dual') return ['rows'];
  return lowOrder ? ['triangles', 'low_order'] : ['triangles'];
}

/**
 * Shape of a block array: a run a block, the triangle of the longest block or its samples.
 *
 * @param longest Weights of the longest block.
 */
export function blockArrayShape(
  kind: keyof BlockArrays,
  blocks: number,
  longest: number,
  samples: number,
): number[] {
  if (kind === 'rows') return [blocks, samples, longest];
  return [blocks, (longest * (longest + 1)) / 2];
}

export function blockArrayDtype(kind: keyof BlockArrays): Dtype {
  return kind === 'rows' ? 'F32' : 'F64';
}

/** Weights of the longest block. */
export function longestBlock(starts: Uint32Array): number {
  let most = 0;
  for (let b = 1; b < starts.length; b++) most = Math.max(most, starts[b] - starts[b - 1]);
  return most;
}

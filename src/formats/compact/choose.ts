import { DTYPE_BYTES } from '../dtypes.js';
import { elementCount } from '../safetensors/tensor-entry.js';
import { bitmask } from './bitmask.js';
import { csr, csrObstacle } from './csr.js';
import { type AskedFormat, groupOf } from './formats.js';
import type { Layout } from './layout.js';
import { packed } from './packed.js';
import type { Occupancy } from './scan.js';
import type { DenseTensor, Part } from './tensor.js';

/**
 * A tensor takes at most so many times the bytes of its parts: what keeps a hostile file of kilobytes
 * from becoming one of terabytes. Only csr of rows without a value would be beyond.
 */
export const MAX_EXPANSION = 1024;

/** How a tensor is stored. */
export interface Choice {
  /** undefined: as it is. */
  layout: Layout | undefined;
  /** Bytes of its data. */
  bytes: number;
  /** Why it is as it is. */
  reason?: string;
}

/** Bytes of parts. */
export function bytesOf(parts: readonly Omit<Part, 'suffix'>[]): number {
  return parts.reduce((sum, { dtype, shape }) => sum + elementCount(shape) * DTYPE_BYTES[dtype], 0);
}

/** The smallest of what was asked for, if it is smaller than the tensor itself. */
export function chooseLayout(
  tensor: DenseTensor,
  occupancy: Occupancy,
  asked: AskedFormat,
): Choice {
  const dense = tensor.size * DTYPE_BYTES[tensor.dtype];
  let best: Choice = { layout: undefined, bytes: dense, reason: 'no smaller' };
  for (const layout of candidates(occupancy, asked)) {
    const obstacle = obstacleTo(layout, tensor, occupancy);
    if (obstacle !== undefined) {
      if (asked === layout) return { layout: undefined, bytes: dense, reason: obstacle };
      continue;
    }
    const bytes = bytesOf(layout.parts(tensor, occupancy.stored));
    if (bytes < best.bytes && dense <= MAX_EXPANSION * bytes) best = { layout, bytes };
  }
  return best;
}

/** Of equal ones the first is taken. */
function candidates({ most }: Occupancy, asked: AskedFormat): Layout[] {
  if (typeof asked === 'object') return [asked];
  const patterns = [...most].filter(([M, N]) => N < M).map(([M, N]) => packed(Math.max(N, 1), M));
  return asked === 'n:m' ? patterns : [...patterns, bitmask, csr];
}

function obstacleTo(
  layout: Layout,
  tensor: DenseTensor,
  { stored, most }: Occupancy,
): string | undefined {
  if (layout === csr) return csrObstacle(tensor, stored);
  const M = groupOf(layout.name);
  if (M === undefined) return undefined;
  const found = most.get(M) ?? 0;
  return found > Number(layout.name.split(':')[0])
    ? `a group of ${M} has ${found} elements that are not +0.0`
    : undefined;
}

import { optionError } from '../../errors.js';
import { bitmask } from './bitmask.js';
import { csr } from './csr.js';
import type { Layout } from './layout.js';
import { MAX_GROUP, packed } from './packed.js';

/**
 * How tensors are to be stored: `auto`, the smallest; `bitmask`, `csr`; `n:m`, the smallest pattern
 * that a tensor has; or a pattern, such as `2:4`.
 */
export type CompactFormat = 'auto' | 'bitmask' | 'csr' | 'n:m' | `${number}:${number}`;

/** What the option means. */
export type AskedFormat = 'auto' | 'n:m' | Layout;

/** @throws {WoodFisherError} `ERR_WOODFISHER_OPTION` */
export function parseFormat(format: unknown = 'auto'): AskedFormat {
  if (format === 'auto' || format === 'n:m') return format;
  const layout = typeof format === 'string' ? layoutNamed(format) : undefined;
  if (layout !== undefined) return layout;
  const rule = `one of auto, bitmask, csr, n:m, or a pattern such as 2:4 with 0 < N < M ≤ ${MAX_GROUP}`;
  throw optionError('format', rule, format);
}

/** The layout that a file's description names; undefined where there is none of that name. */
export function layoutNamed(name: string): Layout | undefined {
  if (name === 'bitmask') return bitmask;
  if (name === 'csr') return csr;
  const [N, M] =
    name
      .match(/^([1-9]\d{0,2}):([1-9]\d{0,2})$/)
      ?.slice(1)
      .map(Number) ?? [];
  return N < M && M <= MAX_GROUP ? packed(N, M) : undefined;
}

/** M of a pattern. */
export function groupOf(name: string): number | undefined {
  return name.includes(':') ? Number(name.split(':')[1]) : undefined;
}

import { optionError, WoodFisherError } from '../errors.js';

/**
 * What is removed as one.
 * - `unstructured`: single weights.
 * - `1xk` (`1x2`, `1x4`, …): k neighbours along an axis.
 * - `n:m` (`2:4`, …): of each m neighbours along an axis at most n stay. m is at most 16.
 * - `rows`: all weights of an output; `filters` is the same by its name in a convolution.
 * - `columns`: all weights of an input (of an input channel, in a convolution).
 * - `{ sets }`: attention heads, or whatever else goes together, as lists of weights.
 */
export type Pattern =
  | 'unstructured'
  | `1x${number}`
  | `${number}:${number}`
  | 'rows'
  | 'filters'
  | 'columns'
  | { sets: readonly NamedSet[] };

/** Weights that are removed together; they may belong to several parameters. */
export interface NamedSet {
  name: string;
  /** Flat indices in the model's layout, by parameter. No weight is in two sets. */
  members: Readonly<Record<string, ArrayLike<number>>>;
}

/**
 * Along which axis neighbours are taken: `in` is the axis of the inputs (axis 1 where the outputs are
 * first, else the axis before theirs), `out` that of the outputs.
 */
export type PatternAxis = 'in' | 'out';
export const PATTERN_AXES: readonly PatternAxis[] = ['in', 'out'];

/** A pattern, taken apart. */
export type ParsedPattern = { text: string } & (
  | { kind: 'unstructured' | 'rows' | 'columns' }
  | { kind: 'neighbours'; size: number; axis: PatternAxis }
  | { kind: 'subsets'; keep: number; size: number; axis: PatternAxis }
  | { kind: 'sets'; sets: readonly NamedSet[] }
);

export const UNSTRUCTURED: ParsedPattern = { text: 'unstructured', kind: 'unstructured' };

/** Most weights of which the best subset is found by enumeration. */
const LARGEST_CHOICE = 16;

const RULE =
  'unstructured, 1xk with k from 2 to 65536 (1x4), n:m with n below m and m at most 16 (2:4), rows, filters, columns or { sets }';

/** Reads a pattern and its axis; refuses what is none. */
export function parsePattern(
  pattern: Pattern | string = 'unstructured',
  patternAxis?: PatternAxis,
): ParsedPattern {
  if (patternAxis !== undefined && !PATTERN_AXES.includes(patternAxis)) {
    throw optionError('patternAxis', `one of ${PATTERN_AXES.join(', ')}`, patternAxis);
  }
  const parsed = parse(pattern, patternAxis ?? 'in');
  if (patternAxis !== undefined && !('axis' in parsed)) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      `patternAxis says along which axis the groups of 1xk and n:m lie; pattern "${parsed.text}" has none`,
      { option: 'patternAxis', value: patternAxis },
    );
  }
  return parsed;
}

function parse(pattern: Pattern | string, axis: PatternAxis): ParsedPattern {
  if (typeof pattern !== 'string') {
    if (!Array.isArray(pattern?.sets) || pattern.sets.length === 0) {
      throw optionError('pattern', RULE, pattern);
    }
    return { text: 'sets', kind: 'sets', sets: pattern.sets };
  }
  if (pattern === 'unstructured') return UNSTRUCTURED;
  if (pattern === 'rows' || pattern === 'filters') return { text: pattern, kind: 'rows' };
  if (pattern === 'columns') return { text: pattern, kind: 'columns' };
  const neighbours = /^1x(\d+)$/.exec(pattern);
  if (neighbours !== null) {
    const size = Number(neighbours[1]);
    if (size >= 2 && size <= 65536) return { text: pattern, kind: 'neighbours', size, axis };
  }
  const subsets = /^(\d+):(\d+)$/.exec(pattern);
  if (subsets !== null) {
    const [keep, size] = [Number(subsets[1]), Number(subsets[2])];
    if (keep >= 1 && keep < size && size <= LARGEST_CHOICE) {
      return { text: pattern, kind: 'subsets', keep, size, axis };
    }
  }
  throw optionError('pattern', RULE, pattern);
}

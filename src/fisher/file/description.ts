import {
  PATTERN_AXES,
  type ParsedPattern,
  type PatternAxis,
  parsePattern,
} from '../../blocks/pattern.js';
import type { SolverName } from '../../engine/kernels.js';
import { formatError, quote } from '../../formats/errors.js';
import { BLOCK_LAYOUTS, type BlockLayout, MAX_BLOCK_SIZE } from '../../options.js';
import type { FisherScale } from '../../solvers/form.js';

/** Version of the files of a Fisher state; docs/formats.md describes them. */
export const STATE_VERSION = 1;

/** What `format` in the metadata of such a file says. */
const FORMAT = 'woodfisher.fisher';

/** What is to be known of a Fisher state beside its arrays. */
export interface StateDescription {
  solver: SolverName;
  /** N. */
  samples: number;
  /** Panels that were added, which decides when the rounding errors of the sums are kept. */
  panels: number;
  /** λ that woodbury started from; else null. */
  damping: number | null;
  blockSize: number;
  blocks: BlockLayout;
  /** What the cut into blocks goes by; that of named sets is `unstructured`. */
  pattern: string;
  /** null where the pattern has none. */
  patternAxis: PatternAxis | null;
  /** Whether the rounding errors of the sums are kept. */
  lowOrder: boolean;
  /** Examples whose mean a sample is. */
  examplesPerSample: number;
  fisherScale: FisherScale;
  /** Whether the share of the mean gradient is out of the sums. */
  centred: boolean;
  /** The prunable parameters, in the order that decides ties. */
  parameters: readonly { name: string; outputAxis: number }[];
  /** Names of the parameters that are not pruned. */
  others: readonly string[];
}

/** What of a pattern a description has. */
export function describedPattern(
  pattern: ParsedPattern,
): Pick<StateDescription, 'pattern' | 'patternAxis'> {
  const { text, kind } = pattern;
  return {
    pattern: kind === 'sets' ? 'unstructured' : text,
    patternAxis: 'axis' in pattern ? pattern.axis : null,
  };
}

/** The pattern of a description. */
export function patternOf({ pattern, patternAxis }: StateDescription): ParsedPattern {
  return parsePattern(pattern, patternAxis ?? undefined);
}

/** The description as the strings of a file's metadata. */
export function toMetadata(description: StateDescription): [string, string][] {
  return [
    ['format', FORMAT],
    ['version', `${STATE_VERSION}`],
    ['state', JSON.stringify(description)],
  ];
}

/**
 * The description in a file's metadata.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT` for files of another kind or version, and for
 *   members that are missing or not what they must be.
 */
export function fromMetadata(
  metadata: ReadonlyMap<string, string>,
  file: string,
): StateDescription {
  const fail = (problem: string): never => {
    throw formatError(file, problem);
  };
  const format = metadata.get('format');
  if (format !== FORMAT) {
    const found = format === undefined ? 'there is none' : `it is ${quote(format)}`;
    fail(`is no saved Fisher: its metadata must have format "${FORMAT}", but ${found}`);
  }
  const version = metadata.get('version') ?? '';
  if (version !== `${STATE_VERSION}`) {
    fail(`has version ${quote(version)}, and only version "${STATE_VERSION}" can be read`);
  }
  let state: unknown;
  try {
    state = JSON.parse(metadata.get('state') ?? '');
  } catch {
    fail('its metadata must have the member "state" in JSON');
  }
  for (const [name, rule, holds] of MEMBERS) {
    const value = (state as Record<string, unknown> | null)?.[name];
    if (!holds(value)) {
      const found = JSON.stringify(value) ?? 'missing';
      fail(
        `member ${quote(name)} of "state" in its metadata must be ${rule}, but is ${quote(found)}`,
      );
    }
  }
  const description = state as StateDescription;
  const { solver, damping, parameters, others } = description;
  if ((solver === 'woodbury') !== (damping !== null)) {
    fail('its metadata must have a damping with solver "woodbury", and with no other');
  }
  if ('axis' in parsePattern(description.pattern) !== (description.patternAxis !== null)) {
    fail('its metadata must have a patternAxis with a pattern along an axis, and with no other');
  }
  const names = [...parameters.map(({ name }) => name), ...others];
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined) fail(`its metadata name ${quote(twice)} twice`);
  return description;
}

type Rule = readonly [member: string, rule: string, holds: (value: unknown) => boolean];

const MEMBERS: readonly Rule[] = [
  ['solver', 'gram, dual or woodbury', (v) => v === 'gram' || v === 'dual' || v === 'woodbury'],
  ['samples', 'a whole number of at least 1', (v) => isCount(v) && v >= 1],
  ['panels', 'a whole number', isCount],
  ['damping', 'null or a number above 0', (v) => v === null || (isNumber(v) && v > 0)],
  [
    'blockSize',
    `a whole number from 1 to ${MAX_BLOCK_SIZE}`,
    (v) => isCount(v) && v >= 1 && v <= MAX_BLOCK_SIZE,
  ],
  ['blocks', `one of ${BLOCK_LAYOUTS.join(', ')}`, (v) => BLOCK_LAYOUTS.includes(v as BlockLayout)],
  ['pattern', 'a pattern without sets', (v) => typeof v === 'string' && isPattern(v)],
  [
    'patternAxis',
    `null, or one of ${PATTERN_AXES.join(', ')}`,
    (v) => v === null || PATTERN_AXES.includes(v as PatternAxis),
  ],
  ['lowOrder', 'true or false', (v) => typeof v === 'boolean'],
  ['examplesPerSample', 'a whole number of at least 1', (v) => isCount(v) && v >= 1],
  ['fisherScale', 'samples or examples', (v) => v === 'samples' || v === 'examples'],
  ['centred', 'true or false', (v) => typeof v === 'boolean'],
  ['parameters', 'a list of names and output axes', (v) => isList(v, isParameter) && v.length > 0],
  ['others', 'a list of names', (v) => isList(v, (name) => typeof name === 'string')],
];

function isPattern(text: string): boolean {
  try {
    parsePattern(text);
    return true;
  } catch {
    return false;
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isList(value: unknown, holds: (item: unknown) => boolean): value is unknown[] {
  return Array.isArray(value) && value.every(holds);
}

function isParameter(value: unknown): boolean {
  const { name, outputAxis } = (value ?? {}) as Record<string, unknown>;
  return typeof name === 'string' && isCount(outputAxis);
}

import { optionError } from './errors.js';

/** Defaults, the same in the library, on the command line and in its help. */
export const DEFAULTS = {
  blockSize: 100,
  blocks: 'parameter',
  damping: 1e-5,
  criterion: 'woodfisher',
  seed: 0,
  selection: 'oneshot',
  update: 'joint',
  scope: 'global',
  steps: 1,
  schedule: 'cubic',
  solver: 'auto',
  engine: 'auto',
  statistics: 'full',
} as const;

/**
 * Bytes from the beginning of its buffer to the end of an array that a thread may be given: Node.js
 * sends offset and length in 32 bits, and beyond them without an error other memory than was meant.
 */
export const MAX_ARRAY_BYTES = 2 ** 32 - 1;

/**
 * What blocks are cut from: all weights of a `parameter`, or those that are still there, `compact`:
 * at sparsity s a block of B weights then reaches over B/(1 − s) places, and holds B that interact.
 */
export type BlockLayout = 'parameter' | 'compact';
export const BLOCK_LAYOUTS: readonly BlockLayout[] = ['parameter', 'compact'];

/** `basic` leaves out what takes further passes over the scores: `curve` and `magnitude`. */
export type StatisticsOption = 'full' | 'basic';
export const STATISTICS_OPTIONS: readonly StatisticsOption[] = ['full', 'basic'];

/** The state of one block stays below {@link MAX_ARRAY_BYTES}. */
export const MAX_BLOCK_SIZE = 2 ** 15 - 1;

export function checkBlockSize(blockSize: number = DEFAULTS.blockSize): number {
  return checkWhole('blockSize', blockSize, { most: MAX_BLOCK_SIZE });
}

/**
 * λ of F = λI + (1/N) Σ g gᵀ: a number above 0, or `relative` times the mean of the diagonal of
 * (1/N) Σ g gᵀ over the weights that are still there, of each parameter (the default) or of the whole
 * model. A relative λ follows the scale of the gradients.
 */
export type Damping = number | RelativeDamping;

export interface RelativeDamping {
  /** Above 0. */
  relative: number;
  /** Default `parameter`. */
  over?: 'parameter' | 'model';
}

const OVER = ['parameter', 'model'] as const;

export function checkDamping(damping: Damping = DEFAULTS.damping): Damping {
  if (typeof damping !== 'object' || damping === null) {
    if (!isAboveZero(damping)) throw optionError('damping', 'a finite number above 0', damping);
    return damping;
  }
  const { relative, over } = damping;
  if (!isAboveZero(relative)) {
    throw optionError('damping.relative', 'a finite number above 0', relative);
  }
  return { relative, over: checkChoice('damping.over', OVER, over, 'parameter') };
}

/** A damping in words. */
export function describeDamping(damping: Damping): string {
  if (typeof damping === 'number') return `${damping}`;
  const over = damping.over === 'model' ? 'the model' : 'each parameter';
  return `${damping.relative} times the mean diagonal of ${over}`;
}

function isAboveZero(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && Number.isFinite(value);
}

/** A seed of criterion `random`. */
export function checkSeed(seed: number = DEFAULTS.seed): number {
  return checkWhole('seed', seed, { least: 0, most: 2 ** 32 - 1 });
}

export function checkSamples(samples: number | undefined): number | undefined {
  return samples === undefined ? undefined : checkWhole('samples', samples);
}

export function checkSparsity(sparsity: number, option = 'sparsity'): number {
  if (typeof sparsity !== 'number' || !(sparsity >= 0 && sparsity <= 1)) {
    throw optionError(option, 'a number from 0 to 1', sparsity);
  }
  return sparsity;
}

export function checkGradientBatch(gradientBatch: number | undefined): number | undefined {
  return gradientBatch === undefined ? undefined : checkWhole('gradientBatch', gradientBatch);
}

/** An option that takes a whole number from `least` (default 1) to `most` (default 2⁵³ − 1). */
export function checkWhole(
  option: string,
  value: number,
  { least = 1, most = Number.MAX_SAFE_INTEGER }: { least?: number; most?: number } = {},
): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range =
    most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw optionError(option, `a whole number ${range}`, value);
}

/** An option that takes one of a few words. */
export function checkChoice<T extends string>(
  option: string,
  choices: readonly T[],
  value: T | undefined,
  fallback: T,
): T {
  if (value === undefined) return fallback;
  if (!choices.includes(value)) throw optionError(option, `one of ${choices.join(', ')}`, value);
  return value;
}

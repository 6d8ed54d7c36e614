import type { MemoryRefusal } from './memory-refusal.js';

/** Stable codes of the errors this package throws; messages may change, codes do not. */
export type WoodFisherErrorCode =
  | 'ERR_WOODFISHER_OPTION'
  | 'ERR_WOODFISHER_SHAPE'
  | 'ERR_WOODFISHER_NONFINITE'
  | 'ERR_WOODFISHER_MISSING'
  | 'ERR_WOODFISHER_SAMPLES'
  | 'ERR_WOODFISHER_NOT_POSITIVE_DEFINITE'
  | 'ERR_WOODFISHER_MEMORY'
  | 'ERR_WOODFISHER_STATE'
  | 'ERR_WOODFISHER_ENGINE'
  | 'ERR_WOODFISHER_FORMAT'
  | 'ERR_WOODFISHER_OUTPUT'
  | 'ERR_WOODFISHER_MODEL'
  | 'ERR_WOODFISHER_JOB'
  | 'ERR_WOODFISHER_INTERNAL';

/** What an error is about, as far as it is known. */
export interface ErrorDetails {
  /** Name of the option that was refused. */
  option?: string;
  /** Name of the parameter (weight tensor). */
  parameter?: string;
  /** Index of the block within its parameter. */
  block?: number;
  /** Row of the block at which a factorisation failed. */
  pivot?: number;
  /** Flat index in the parameter, in the model's own layout. */
  index?: number;
  /** Byte offset in a file. */
  offset?: number;
  /** Bytes by item, the limit, and settings that would fit. */
  memory?: MemoryRefusal;
  /** What was received. */
  value?: unknown;
}

/** An error of the package: a stable `code`, `details` and a message that says what to do next. */
export class WoodFisherError extends Error {
  readonly code: WoodFisherErrorCode;
  readonly details: ErrorDetails;

  constructor(
    code: WoodFisherErrorCode,
    message: string,
    details: ErrorDetails = {},
    options: { cause?: unknown } = {},
  ) {
    super(message, options);
    this.name = 'WoodFisherError';
    this.code = code;
    this.details = details;
  }
}

/** The same error in other words. */
export function reworded(
  { code, details, cause }: WoodFisherError,
  message: string,
  changed: ErrorDetails = details,
): WoodFisherError {
  return new WoodFisherError(code, message, changed, { cause });
}

/** A refused option: names the option, the rule and the value received. */
export function optionError(option: string, rule: string, value: unknown): WoodFisherError {
  return new WoodFisherError(
    'ERR_WOODFISHER_OPTION',
    `${option} must be ${rule}, but is ${describe(value)}`,
    { option, value },
  );
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value)
      ? `an array of length ${value.length}`
      : `a ${value.constructor?.name ?? 'object'}`;
  }
  return String(value);
}

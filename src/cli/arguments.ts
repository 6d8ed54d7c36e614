import { InvalidArgumentError } from 'commander';
import { SCHEDULES, type Schedule } from '../steps/schedule.js';

/** A decimal number; the range is checked with the other settings. */
export function parseNumber(text: string): number {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
    throw new InvalidArgumentError('It must be a number, such as 0.9 or 1e-5.');
  }
  return Number(text);
}

/** A number for all parameters, or `name=number` for one of them, beside those given before. */
export function parseShare(
  text: string,
  before: number | Record<string, number> | undefined,
): number | Record<string, number> {
  const at = text.lastIndexOf('=');
  if (at === -1 && typeof before !== 'object') return parseNumber(text);
  if (at < 1 || typeof before === 'number') {
    throw new InvalidArgumentError(
      'It must be one number, or name=number for each of some parameters.',
    );
  }
  return { ...before, [text.slice(0, at)]: parseNumber(text.slice(at + 1)) };
}

/** `name=number`, beside those given before. */
export function parseNamed(
  text: string,
  before: Record<string, number> = {},
): Record<string, number> {
  if (!text.includes('=')) {
    throw new InvalidArgumentError('It must be name=number; it may be given several times.');
  }
  return parseShare(text, before) as Record<string, number>;
}

/** Decimal numbers with commas between them. */
export function parseNumbers(text: string): number[] {
  return text.split(',').map((one) => parseNumber(one.trim()));
}

/** A step along the gradient: a number, or the word for a search. */
export function parseStep(text: string): number | 'line-search' {
  if (text === 'line-search') return text;
  if (/^[a-z]/i.test(text)) {
    throw new InvalidArgumentError('It must be a number from 0 to 1, or line-search.');
  }
  return parseNumber(text);
}

/** A schedule by name, or `polynomial:p`. */
export function parseSchedule(text: string): Schedule {
  const power = /^polynomial:(.+)$/.exec(text);
  if (power !== null) return { polynomial: parseNumber(power[1]) };
  const named = SCHEDULES.find((name) => name === text);
  if (named !== undefined) return named;
  throw new InvalidArgumentError(
    `It must be one of ${SCHEDULES.join(', ')}, or polynomial:p with p of at least 1.`,
  );
}

/** A regular expression, added to those before it. */
export function parsePattern(text: string, before: readonly RegExp[] = []): RegExp[] {
  try {
    return [...before, new RegExp(text)];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidArgumentError(`It must be a regular expression. ${reason}.`);
  }
}

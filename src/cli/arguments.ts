import { InvalidArgumentError } from 'commander';

/** A decimal number; the range is checked with the other settings. */
export function parseNumber(text: string): number {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
    throw new InvalidArgumentError('It must be a number, such as 0.9 or 1e-5.');
  }
  return Number(text);
}

/** Decimal numbers with commas between them. */
export function parseNumbers(text: string): number[] {
  return text.split(',').map((one) => parseNumber(one.trim()));
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

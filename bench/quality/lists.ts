import { InvalidArgumentError } from 'commander';

/** `a,b` as names. */
export function namesIn(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('It must be names with commas between.');
  return names;
}

/** `0.9,0.95` as numbers. */
export function numbersIn(text: string): number[] {
  const numbers = namesIn(text).map(Number);
  if (numbers.every(Number.isFinite)) return numbers;
  throw new InvalidArgumentError('It must be numbers with commas between.');
}

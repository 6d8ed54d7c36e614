import { Option } from 'commander';
import { parseNumber } from '../arguments.js';
import { setting } from '../output/numbers.js';

/** One of some words. */
export function choice(flags: string, choices: readonly string[], fallback: string, about: string) {
  return new Option(flags, about).choices(choices).default(fallback, fallback);
}

/** A number. */
export function number(flags: string, about: string, fallback: number): Option {
  return new Option(flags, about).argParser(parseNumber).default(fallback, setting(fallback));
}

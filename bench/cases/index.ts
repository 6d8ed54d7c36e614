import type { BenchCase } from './case.js';
import { digits } from './digits.js';
import { dual2000 } from './dual.js';
import { gram50, gram128, gram512 } from './gram.js';
import { inverse50 } from './inverse.js';
import { resident } from './resident.js';
import { threads } from './threads.js';

/** All cases, in the order they run. */
export const cases = [
  gram50,
  gram128,
  gram512,
  inverse50,
  dual2000,
  digits,
  threads,
  resident,
] as readonly BenchCase[];

/**
 * The cases whose names begin with one of `prefixes`; all without any.
 * @throws {RangeError} for a prefix that no name begins with.
 */
export function selectCases(prefixes: readonly string[]): BenchCase[] {
  for (const prefix of prefixes) {
    if (cases.some(({ name }) => name.startsWith(prefix))) continue;
    const names = cases.map(({ name }) => name).join(', ');
    throw new RangeError(
      `--only must be the name of a case (${names}) or its beginning, but is "${prefix}"`,
    );
  }
  if (prefixes.length === 0) return [...cases];
  return cases.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)));
}

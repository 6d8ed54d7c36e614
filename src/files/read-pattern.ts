import { readFile } from 'node:fs/promises';
import type { NamedSet, Pattern } from '../blocks/pattern.js';
import { WoodFisherError } from '../errors.js';

/**
 * A pattern by name, or named sets out of a JSON file: an array of `{ "name", "members" }`, members by
 * tensor as lists of flat indices.
 */
export async function readPattern(text: string): Promise<Pattern> {
  if (!text.endsWith('.json')) return text as Pattern;
  let sets: unknown;
  try {
    sets = JSON.parse(await readFile(text, 'utf8'));
  } catch (cause) {
    throw formatError(text, `cannot be read as JSON: ${(cause as Error).message}`, cause);
  }
  if (!Array.isArray(sets) || !sets.every(isSet)) {
    throw formatError(
      text,
      'must hold an array of { "name": text, "members": { tensor: [indices] } }',
    );
  }
  return { sets };
}

function isSet(value: unknown): value is NamedSet {
  const { name, members } = (value ?? {}) as Partial<NamedSet>;
  if (typeof name !== 'string' || typeof members !== 'object' || members === null) return false;
  return Object.values(members).every(Array.isArray);
}

function formatError(path: string, problem: string, cause?: unknown): WoodFisherError {
  return new WoodFisherError('ERR_WOODFISHER_FORMAT', `${path} ${problem}`, {}, { cause });
}

import type { NamedSet, Pattern } from '../blocks/pattern.js';
import { quote } from '../formats/errors.js';
import { readWhole } from '../formats/read-whole.js';
import { inTurns } from '../formats/safetensors/in-turns.js';
import { JsonCursor } from '../formats/safetensors/json-cursor.js';

/** Bytes of a file of sets at most: as many as 60 million indices take. */
const MAX_SETS_BYTES = 2 ** 29;

const WHAT = 'the sets';

/** Indices after which the event loop may have its turn. */
const AT_ONCE = 1024;

/**
 * A pattern by name, or named sets out of a JSON file: an array of `{ "name", "members" }`, members by
 * tensor as lists of flat indices.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT` for what is no such file, with the byte's offset.
 */
export async function readPattern(text: string): Promise<Pattern> {
  if (!text.endsWith('.json')) return text as Pattern;
  const bytes = await readWhole(text, WHAT, MAX_SETS_BYTES);
  return { sets: await inTurns(setSteps(new JsonCursor(bytes, 0, bytes.byteLength, text))) };
}

function* setSteps(cursor: JsonCursor): Generator<void, NamedSet[]> {
  const sets: NamedSet[] = [];
  for (const index of cursor.elements(WHAT)) {
    sets.push(yield* oneSet(cursor, `set ${index}`));
  }
  cursor.finish(WHAT);
  return sets;
}

function* oneSet(cursor: JsonCursor, what: string): Generator<void, NamedSet> {
  const { offset: begin } = cursor;
  let name: string | undefined;
  let members: NamedSet['members'] | undefined;
  for (const { key } of cursor.members(what)) {
    if (key === 'name') name = cursor.string(`the name of ${what}`);
    else if (key === 'members') members = yield* membersOf(cursor, what);
    else cursor.skipValue(`${quote(key)} of ${what}`);
  }
  if (name === undefined) return cursor.fail(`${what} has no name`, begin);
  if (members === undefined) return cursor.fail(`${what} has no members`, begin);
  return { name, members };
}

function* membersOf(cursor: JsonCursor, what: string): Generator<void, NamedSet['members']> {
  const lists: [string, number[]][] = [];
  for (const { key } of cursor.members(`members of ${what}`)) {
    const indices: number[] = [];
    const each = `an index of ${quote(key)} in ${what}`;
    for (const _ of cursor.elements(`members of ${what} in ${quote(key)}`)) {
      indices.push(cursor.count(each));
      if (indices.length % AT_ONCE === 0) yield;
    }
    lists.push([key, indices]);
  }
  return Object.fromEntries(lists);
}

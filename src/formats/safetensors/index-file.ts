import { formatError, quote } from '../errors.js';
import { readWhole } from '../read-whole.js';
import { MAX_HEADER_BYTES } from './header.js';
import { atOnce, inTurns } from './in-turns.js';
import { JsonCursor } from './json-cursor.js';

/** What the index of a model in several files (`model.safetensors.index.json`) says. */
export interface ShardIndex {
  /** The file's own text. */
  text: string;
  /** Names of the files, sorted. */
  shards: readonly string[];
  /** By tensor: the name of the file that holds it. */
  weightMap: ReadonlyMap<string, string>;
  /** Members beside `metadata` and `weight_map` that are strings. */
  strings: ReadonlyMap<string, string>;
}

/**
 * Reads and checks an index.
 *
 * @throws WoodFisherError `ERR_WOODFISHER_FORMAT`, naming the file, the rule and the byte offset.
 */
export async function readShardIndex(path: string): Promise<ShardIndex> {
  const bytes = await readWhole(path, 'an index', MAX_HEADER_BYTES);
  return await inTurns(indexSteps(bytes, path));
}

/**
 * The same for bytes that were read.
 *
 * @param file Name of the file, for messages.
 */
export function parseShardIndex(bytes: Uint8Array, file: string): ShardIndex {
  return atOnce(indexSteps(bytes, file));
}

function* indexSteps(bytes: Uint8Array, file: string): Generator<void, ShardIndex> {
  const cursor = new JsonCursor(bytes, 0, bytes.byteLength, file);
  const weightMap = new Map<string, string>();
  const strings = new Map<string, string>();
  // One string a name: a file is named once for each of its tensors.
  const shards = new Map<string, string>();
  let found = false;
  for (const { key } of cursor.members('the index')) {
    if (key === 'weight_map') {
      found = true;
      for (const { key: name, offset } of cursor.members('weight_map')) {
        const shard = cursor.string(`the file of tensor ${quote(name)}`);
        const known = shards.get(shard) ?? requireFileName(cursor, name, shard, offset);
        shards.set(known, known);
        weightMap.set(name, known);
        yield;
      }
    } else if (cursor.isString) {
      strings.set(key, cursor.string(quote(key)));
    } else {
      cursor.skipValue(quote(key));
    }
  }
  cursor.finish('the index');
  if (!found) cursor.fail('the index has no weight_map', 0);
  return {
    text: new TextDecoder().decode(bytes),
    shards: [...shards.keys()].sort(),
    weightMap,
    strings,
  };
}

/**
 * Refuses an index that does not name the tensors of its files, each once and in its own file.
 *
 * @param tensors By file: the names of the tensors in it.
 * @param file Name of the index, for messages.
 */
export function requireSameTensors(
  { weightMap }: ShardIndex,
  tensors: ReadonlyMap<string, Iterable<string>>,
  file: string,
): void {
  const fail = (name: string, problem: string): never => {
    throw formatError(file, `tensor ${quote(name)} ${problem}`, { parameter: name });
  };
  const found = new Map<string, string>();
  for (const [shard, names] of tensors) {
    for (const name of names) {
      const other = found.get(name);
      if (other !== undefined) fail(name, `is in two files, ${quote(other)} and ${quote(shard)}`);
      found.set(name, shard);
      const named = weightMap.get(name);
      if (named === undefined) fail(name, `of ${quote(shard)} is not in weight_map`);
      if (named !== shard) {
        fail(name, `is in ${quote(shard)}, but weight_map names ${quote(named ?? '')}`);
      }
    }
  }
  for (const [name, shard] of weightMap) {
    if (!found.has(name)) fail(name, `is not in ${quote(shard)}, which weight_map names`);
  }
}

/** A file beside the index: a path could lead anywhere. */
function requireFileName(cursor: JsonCursor, name: string, shard: string, offset: number): string {
  if (/^[^/\\\0]+$/.test(shard) && shard !== '.' && shard !== '..') return shard;
  return cursor.fail(
    `the file of tensor ${quote(name)} must be a name without a path, but is ${quote(shard)}`,
    offset,
  );
}

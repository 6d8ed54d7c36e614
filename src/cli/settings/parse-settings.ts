import { extname } from 'node:path';
import {
  type CST,
  type Document,
  isMap,
  isNode,
  LineCounter,
  type Pair,
  Parser,
  parseDocument,
  visit,
} from 'yaml';
import { WoodFisherError } from '../../errors.js';

/** A settings file, parsed. */
export interface SettingsText {
  values: unknown;
  /** An error about the value under a path of keys, or about its key. */
  error(problem: string, keys: readonly string[]): WoodFisherError;
}

/**
 * Parses JSON or YAML 1.2; JSON is read as the part of YAML that it is.
 *
 * @param file Name of the file, for its kind and for messages.
 * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT` with line, column and the byte's offset.
 */
export function parseSettings(bytes: Uint8Array, file: string): SettingsText {
  if (!['.json', '.yaml', '.yml'].includes(extname(file))) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_FORMAT',
      `${file}: settings must be a .json, .yaml or .yml file`,
    );
  }
  const text = decoded(bytes, file);
  const lines = new LineCounter();
  const errorAt = (problem: string, at: number, cause?: unknown): WoodFisherError => {
    const { line, col } = lines.linePos(at);
    const offset = Buffer.byteLength(text.slice(0, at));
    return new WoodFisherError(
      'ERR_WOODFISHER_FORMAT',
      `${file}: ${problem} (line ${line}, column ${col}, byte ${offset})`,
      { offset },
      { cause },
    );
  };
  let document: Document.Parsed;
  let values: unknown;
  try {
    for (const token of new Parser(lines.addNewLine).parse(text)) {
      const deep = tooDeep(token);
      if (deep !== undefined) {
        throw errorAt(`is nested deeper than ${MOST_LEVELS} levels`, deep.offset);
      }
    }
    document = parseDocument(text, {
      // Its own check compares all keys with each other.
      ...{ prettyErrors: false, strict: true, uniqueKeys: false },
      ...{ version: '1.2', schema: 'core', logLevel: 'error' },
    });
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) {
      const several = problem.code === 'MULTIPLE_DOCS';
      const words = several ? 'holds more than one document' : problem.message;
      throw errorAt(words, problem.pos[0], problem);
    }
    visit(document, {
      Map(_, { items }) {
        const twice = keyTwice(items);
        if (twice !== undefined) throw errorAt('has a key twice', twice);
      },
    });
    values = document.toJS({ maxAliasCount: MOST_ALIASES }) ?? {};
  } catch (error) {
    if (error instanceof WoodFisherError) throw error;
    throw errorAt((error as Error).message, 0, error);
  }
  return {
    values,
    error: (problem, keys) => errorAt(problem, placeOf(document, keys)),
  };
}

/** An alias may stand for a list of aliases: a short text for a huge value. */
const MOST_ALIASES = 100;

/** Settings have two levels. What composes them calls itself for each, and would use up the stack. */
const MOST_LEVELS = 16;

/** A token that is nested too deeply; the parser itself, which calls nothing for a level, has found them all. */
function tooDeep(token: CST.Token): CST.Token | undefined {
  const left = [{ token, level: 0 }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { token, level } = next;
    if (level > MOST_LEVELS) return token;
    const items = 'items' in token ? token.items : [];
    const values = items.flatMap(({ key, value }) => [key, value]);
    if (token.type === 'document') values.push(token.value);
    for (const value of values) if (value) left.push({ token: value, level: level + 1 });
  }
  return undefined;
}

/** Where a key stands that a mapping has had before. */
function keyTwice(items: readonly Pair[]): number | undefined {
  const seen = new Set<string>();
  for (const { key } of items) {
    const name = String(key);
    if (seen.has(name)) return isNode(key) ? key.range?.[0] : 0;
    seen.add(name);
  }
  return undefined;
}

function decoded(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const again = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
    const offset = bytes.findIndex((byte, i) => byte !== again[i]);
    throw new WoodFisherError(
      'ERR_WOODFISHER_FORMAT',
      `${file}: is not valid UTF-8 (byte ${offset})`,
      { offset },
      { cause },
    );
  }
}

/** Where a value stands in the text; of a key that is not there, the one above it. */
function placeOf({ contents }: Document.Parsed, keys: readonly string[]): number {
  let at = contents?.range?.[0] ?? 0;
  let node: unknown = contents;
  for (const key of keys) {
    if (!isMap(node)) break;
    const pair = node.items.find((item) => String(item.key) === key);
    const { range } = (pair?.key ?? {}) as { range?: [number, number, number] };
    if (pair === undefined || range === undefined) break;
    at = range[0];
    node = pair.value;
  }
  return at;
}

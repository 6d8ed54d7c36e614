import { formatError, quote } from '../errors.js';
import { JsonCursor } from '../safetensors/json-cursor.js';
import { layoutNamed } from './formats.js';
import type { Layout } from './layout.js';

/** Where the description is, in `__metadata__`. */
export const DESCRIPTION_KEY = 'woodfisher.compact';

/** Where the JSON header of the dense file is, word for word, in `__metadata__`. */
export const HEADER_KEY = 'woodfisher.compact.header';

/** Member of the index of a compact model that holds the dense model's index. */
export const INDEX_KEY = 'woodfisher.compact.index';

/** Version of the format; another one is refused. */
export const COMPACT_VERSION = 1;

/** What a compact file says of itself. */
export interface Description {
  /** Bytes of the dense file. */
  bytes: number;
  /** How the tensors are stored that are not stored as they are. */
  layouts: ReadonlyMap<string, Layout>;
}

/** The description as JSON: `{"version":1,"bytes":123456,"formats":{"fc1.weight":"bitmask"}}`. */
export function descriptionText({ bytes, layouts }: Description): string {
  const formats = [...layouts].map(([name, layout]) => `${JSON.stringify(name)}:"${layout.name}"`);
  return `{"version":${COMPACT_VERSION},"bytes":${bytes},"formats":{${formats.join()}}}`;
}

/**
 * Parses a description.
 *
 * @param path Name of the file, for messages.
 * @throws WoodFisherError `ERR_WOODFISHER_FORMAT`
 */
export function parseDescription(text: string, path: string): Description {
  const file = `${path}, ${DESCRIPTION_KEY} in __metadata__`;
  const json = new TextEncoder().encode(text);
  requireVersion(json, file);
  let bytes: number | undefined;
  let layouts: Map<string, Layout> | undefined;
  const cursor = new JsonCursor(json, 0, json.byteLength, file);
  cursor.object('the description', (key, offset) => {
    if (key === 'version') cursor.count('version');
    else if (key === 'bytes') bytes = cursor.count('bytes');
    else if (key === 'formats') layouts = readFormats(cursor);
    else cursor.fail(`the description has the unknown key ${quote(key)}`, offset);
  });
  cursor.finish('the description');
  if (bytes === undefined) throw formatError(file, 'the description has no bytes');
  if (layouts === undefined) throw formatError(file, 'the description has no formats');
  return { bytes, layouts };
}

/** Before all else: whatever another version has may look different. */
function requireVersion(json: Uint8Array, file: string): void {
  let version: number | undefined;
  const cursor = new JsonCursor(json, 0, json.byteLength, file);
  cursor.object('the description', (key) => {
    if (key === 'version') version = cursor.count('version');
    else cursor.skipValue(quote(key));
  });
  if (version === COMPACT_VERSION) return;
  throw formatError(
    file,
    version === undefined
      ? 'the description has no version'
      : `the version must be ${COMPACT_VERSION}, but is ${version}; a newer woodfisher may read it`,
    { value: version },
  );
}

function readFormats(cursor: JsonCursor): Map<string, Layout> {
  const layouts = new Map<string, Layout>();
  // A layout is a closure; one a name, and not one a tensor.
  const known = new Map<string, Layout>();
  cursor.object('formats', (name, offset) => {
    const format = cursor.string(`the format of tensor ${quote(name)}`);
    const layout = known.get(format) ?? layoutNamed(format);
    if (layout === undefined) {
      const rule = 'must be bitmask, csr or a pattern such as 2:4';
      return cursor.fail(
        `the format of tensor ${quote(name)} ${rule}, but is ${quote(format)}`,
        offset,
      );
    }
    known.set(format, layout);
    layouts.set(name, layout);
  });
  return layouts;
}

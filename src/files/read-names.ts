import { quote } from '../formats/errors.js';
import { readWhole } from '../formats/read-whole.js';
import { MAX_HEADER_BYTES, MAX_TENSORS } from '../formats/safetensors/header.js';
import { JsonCursor } from '../formats/safetensors/json-cursor.js';

const WHAT = 'the names of parameters';

/**
 * The names of parameters in a JSON file: an array of texts, each another.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT`, with the byte's offset.
 */
export async function readNames(path: string): Promise<string[]> {
  const bytes = await readWhole(path, WHAT, MAX_HEADER_BYTES);
  const cursor = new JsonCursor(bytes, 0, bytes.byteLength, path);
  const names = new Set<string>();
  cursor.array(WHAT, (index) => {
    const { offset } = cursor;
    const name = cursor.string(`name ${index} of ${WHAT}`);
    if (names.has(name)) cursor.fail(`${WHAT} have ${quote(name)} twice`, offset);
    if (index === MAX_TENSORS) cursor.fail(`${WHAT} are more than ${MAX_TENSORS}`, offset);
    names.add(name);
  });
  cursor.finish(WHAT);
  return [...names];
}

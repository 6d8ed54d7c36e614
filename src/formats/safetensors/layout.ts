import { formatError, quote } from '../errors.js';
import type { TensorEntry } from './tensor-entry.js';

/**
 * The tensors in the order of their data, which must fill the file from the header to the end.
 *
 * A byte that belongs to two tensors, or to none, is refused, as the reference implementation does:
 * such a file has room for content that one reader sees and another does not.
 *
 * @throws WoodFisherError `ERR_WOODFISHER_FORMAT`, at the byte where the layout breaks.
 */
export function inFileOrder(
  entries: readonly TensorEntry[],
  dataStart: number,
  dataBytes: number,
  file: string,
): TensorEntry[] {
  const sorted = entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end);
  let filled = 0;
  let last: TensorEntry | undefined;
  for (const entry of sorted) {
    const { name, begin, end, byteOffset } = entry;
    if (begin < filled) {
      const before = last === undefined ? 'the header' : `tensor ${quote(last.name)}`;
      const problem = `tensor ${quote(name)} overlaps ${before}, whose data end at ${filled}: it begins at ${begin}`;
      throw formatError(file, problem, { parameter: name, offset: byteOffset });
    }
    if (begin > filled) {
      const problem = `there is a hole of ${begin - filled} bytes before tensor ${quote(name)}, which the format does not allow`;
      throw formatError(file, problem, { parameter: name, offset: dataStart + filled });
    }
    filled = end;
    last = entry;
  }
  if (filled < dataBytes) {
    const problem = `${dataBytes - filled} bytes at the end of the file belong to no tensor, which the format does not allow`;
    throw formatError(file, problem, { offset: dataStart + filled });
  }
  return sorted;
}

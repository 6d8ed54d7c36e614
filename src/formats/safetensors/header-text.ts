import { DTYPE_BYTES, type Dtype, isDtype } from '../dtypes.js';
import { outputError, quote } from '../errors.js';
import { MAX_HEADER_BYTES, PREFIX_BYTES } from './header.js';
import { elementCount, MAX_AXES } from './tensor-entry.js';

/** What the header says about a tensor. */
export interface TensorDescription {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
}

/**
 * The start of a safetensors file: length and header, with `__metadata__` first and the tensors in the
 * order given, padded with spaces so that the data begin at a multiple of 8 bytes.
 *
 * The text is put together by hand, because an object would move names such as "7" to the front and
 * lose `__proto__`.
 *
 * @throws WoodFisherError `ERR_WOODFISHER_OUTPUT` for names, dtypes and shapes that cannot be written.
 */
export function headerBytes(
  tensors: readonly TensorDescription[],
  metadata: Iterable<readonly [string, string]>,
  file: string,
): Uint8Array {
  const members: string[] = [];
  const seen = new Set<string>();
  const addMember = (kind: string, name: string, value: string): string => {
    requireText(file, `the name of ${kind}`, name);
    if (seen.has(name)) throw outputError(file, `two ${kind} are named ${quote(name)}`);
    seen.add(name);
    return `${JSON.stringify(name)}:${value}`;
  };

  const strings = Array.from(metadata, ([key, value]) => {
    requireText(file, `metadata ${quote(String(key))}`, value);
    return addMember('metadata strings', key, JSON.stringify(value));
  });
  if (strings.length > 0) members.push(`"__metadata__":{${strings.join()}}`);

  seen.clear();
  let begin = 0;
  for (const tensor of tensors) {
    const end = begin + byteCount(tensor, file);
    const value = `{"dtype":"${tensor.dtype}","shape":[${tensor.shape}],"data_offsets":[${begin},${end}]}`;
    members.push(addMember('tensors', tensor.name, value));
    begin = end;
  }

  const json = Buffer.from(`{${members.join()}}`);
  const length = Math.ceil(json.byteLength / 8) * 8;
  if (length > MAX_HEADER_BYTES) {
    throw outputError(file, `its header would be ${length} bytes long, beyond ${MAX_HEADER_BYTES}`);
  }
  const bytes = new Uint8Array(PREFIX_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, PREFIX_BYTES);
  return bytes;
}

/** Bytes of the data of a tensor, whose name, dtype and shape are checked. */
export function byteCount({ name, dtype, shape }: TensorDescription, file: string): number {
  const fail = (problem: string): never => {
    throw outputError(file, `tensor ${quote(String(name))} ${problem}`, { parameter: name });
  };
  if (name === '__metadata__') fail('has the name that the format keeps for metadata');
  if (!isDtype(dtype)) return fail(`has the unknown dtype ${quote(String(dtype))}`);
  const valid = Array.isArray(shape) && shape.length <= MAX_AXES;
  if (!valid || !shape.every((axis) => Number.isSafeInteger(axis) && axis >= 0)) {
    fail(`must have a shape of at most ${MAX_AXES} non-negative integers, but has [${shape}]`);
  }
  const bytes = elementCount(shape) * DTYPE_BYTES[dtype];
  if (!Number.isSafeInteger(bytes)) fail(`has shape [${shape}], whose size is beyond 2^53 - 1`);
  return bytes;
}

/** Half a surrogate pair has no UTF-8: readers refuse the file, or see another name. */
function requireText(file: string, what: string, text: unknown): asserts text is string {
  if (typeof text !== 'string' || /\p{Surrogate}/u.test(text)) {
    throw outputError(file, `${what} must be a string of well-formed Unicode`, { value: text });
  }
}

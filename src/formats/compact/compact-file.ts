import { DTYPE_BYTES } from '../dtypes.js';
import { formatError, quote } from '../errors.js';
import { PREFIX_BYTES, parseHeader, type SafetensorsHeader } from '../safetensors/header.js';
import type { TensorDescription } from '../safetensors/header-text.js';
import type { SafetensorsFile } from '../safetensors/reader.js';
import type { TensorEntry } from '../safetensors/tensor-entry.js';
import type { Buffers } from './buffers.js';
import { bytesOf, MAX_EXPANSION } from './choose.js';
import { evenCuts, longestStep } from './cuts.js';
import type { Piece } from './dense-pieces.js';
import { DESCRIPTION_KEY, HEADER_KEY, parseDescription } from './description.js';
import type { Fail, Layout } from './layout.js';
import { PartReader } from './part-reader.js';
import { partsOf } from './plan.js';
import { wordsOf } from './words.js';

/** A tensor of a compact file, as it is in the dense one. */
export interface CompactEntry extends TensorEntry {
  /** undefined: stored as it is. */
  layout: Layout | undefined;
  /** Bytes of what stands for it. */
  storedBytes: number;
}

/** A compact file: what it says of itself has been checked, all but the parts' data. */
export class CompactFile {
  readonly file: SafetensorsFile;
  /** The tensors of the dense file, in its order. */
  readonly tensors: ReadonlyMap<string, CompactEntry>;
  /** `__metadata__` of the dense file. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The dense file up to its data. */
  readonly denseHeader: Uint8Array;
  /** Bytes of the dense file. */
  readonly denseBytes: number;

  /**
   * @throws WoodFisherError `ERR_WOODFISHER_FORMAT` if the file is not compact, is of another version,
   * or says of itself what is not so.
   */
  constructor(file: SafetensorsFile) {
    const text = file.metadata.get(DESCRIPTION_KEY);
    const header = file.metadata.get(HEADER_KEY);
    if (text === undefined) {
      throw formatError(
        file.path,
        `is not a compact file: __metadata__ has no ${quote(DESCRIPTION_KEY)}`,
      );
    }
    const { bytes, layouts } = parseDescription(text, file.path);
    if (header === undefined)
      throw formatError(file.path, `__metadata__ has no ${quote(HEADER_KEY)}`);
    this.file = file;
    this.denseBytes = bytes;
    this.denseHeader = withLength(header);
    const dense = parseHeader(
      this.denseHeader,
      bytes,
      `${file.path}, ${HEADER_KEY} in __metadata__`,
    );
    this.metadata = dense.metadata;
    requireSameMetadata(file, dense);
    this.tensors = matchTensors(file, dense, layouts);
  }

  /**
   * A tensor of the dense file, piece by piece; a piece is valid until the one after the next is asked
   * for.
   *
   * @throws WoodFisherError `ERR_WOODFISHER_FORMAT`, naming the tensor and the rule, where its parts do
   * not fit each other.
   */
  async *pieces(entry: CompactEntry, buffers: Buffers): AsyncGenerator<Piece> {
    const { name, dtype, size, layout } = entry;
    const width = DTYPE_BYTES[dtype];
    const { path } = this.file;
    const fail: Fail = (rule) => {
      throw formatError(path, `tensor ${quote(name)} (${layout?.name}): ${rule}`, {
        parameter: name,
      });
    };
    const room = longestStep(size, width);
    const unpack = layout?.unpacker(entry, this.#readers(entry, layout, room, buffers), fail);
    let turn = 0;
    let begin = 0;
    for (const end of layout?.cuts(entry) ?? evenCuts(size)) {
      turn = (turn + 1) % 2;
      const bytes = buffers.get(`dense ${turn}`, (end - begin) * width);
      if (unpack === undefined) await this.file.readInto(name, bytes, begin * width);
      else await unpack(wordsOf(bytes, width), begin, end);
      yield { bytes, begin, end };
      begin = end;
    }
  }

  #readers(entry: CompactEntry, layout: Layout, room: number, buffers: Buffers): PartReader[] {
    return layout.parts(entry, 0).map(({ suffix }, i) => {
      const name = `${entry.name}.${suffix}`;
      const part = this.file.tensors.get(name);
      const bytes = part === undefined ? 0 : part.end - part.begin;
      return new PartReader(this.file, name, bytes, buffers.get(`part ${i}`, room));
    });
  }
}

function withLength(header: string): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(PREFIX_BYTES + json.byteLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.byteLength), true);
  bytes.set(json, PREFIX_BYTES);
  return bytes;
}

function requireSameMetadata(file: SafetensorsFile, { metadata }: SafetensorsHeader): void {
  const same =
    file.metadata.size === metadata.size + 2 &&
    [...metadata].every(([key, value]) => file.metadata.get(key) === value);
  if (same) return;
  const rule = `__metadata__ must be that of ${HEADER_KEY} and its own two strings, but is not`;
  throw formatError(file.path, rule);
}

/** Every tensor of the dense file is there, with all its parts, and nothing else. */
function matchTensors(
  file: SafetensorsFile,
  dense: SafetensorsHeader,
  layouts: ReadonlyMap<string, Layout>,
): Map<string, CompactEntry> {
  const tensors = new Map<string, CompactEntry>();
  const used = new Set<string>();
  for (const entry of dense.tensors.values()) {
    const layout = layouts.get(entry.name);
    const parts = layout === undefined ? [entry] : expectedParts(file, entry, layout);
    for (const part of parts) {
      requirePart(file, entry.name, part);
      if (used.has(part.name)) {
        const problem = `tensor ${quote(part.name)} stands for two tensors of the dense file`;
        throw formatError(file.path, problem, { parameter: part.name });
      }
      used.add(part.name);
    }
    tensors.set(entry.name, { ...entry, layout, storedBytes: bytesOf(parts) });
  }
  const stray = [...file.tensors.keys()].find((name) => !used.has(name));
  if (stray !== undefined) {
    const problem = `tensor ${quote(stray)} belongs to no tensor of the dense file`;
    throw formatError(file.path, problem, { parameter: stray });
  }
  const unknown = [...layouts.keys()].find((name) => !tensors.has(name));
  if (unknown !== undefined) {
    const problem = `tensor ${quote(unknown)} has a format, but is not in the dense file`;
    throw formatError(file.path, problem, { parameter: unknown });
  }
  return tensors;
}

function expectedParts(
  file: SafetensorsFile,
  entry: TensorEntry,
  layout: Layout,
): TensorDescription[] {
  const fail: Fail = (rule) => {
    const problem = `tensor ${quote(entry.name)} (${layout.name}): ${rule}`;
    throw formatError(file.path, problem, { parameter: entry.name });
  };
  if (entry.size === 0) fail('a tensor without elements is stored as it is');
  const [stored] = file.tensors.get(`${entry.name}.values`)?.shape ?? [0];
  if (stored > entry.size) fail(`${stored} values are more than its ${entry.size} elements`);
  const parts = partsOf(entry, layout, stored);
  const [dense, bytes] = [entry.end - entry.begin, bytesOf(parts)];
  if (bytes >= dense) fail(`its parts take ${bytes} bytes, no fewer than the ${dense} of itself`);
  if (dense > MAX_EXPANSION * bytes) {
    fail(`it takes ${dense} bytes, more than ${MAX_EXPANSION} times the ${bytes} of its parts`);
  }
  return parts;
}

function requirePart(file: SafetensorsFile, tensor: string, part: TensorDescription): void {
  const found = file.tensors.get(part.name);
  if (found?.dtype === part.dtype && `${found.shape}` === `${part.shape}`) return;
  const are = found === undefined ? 'is missing' : `is ${found.dtype} [${found.shape}]`;
  const problem = `tensor ${quote(tensor)}: ${quote(part.name)} must be ${part.dtype} [${part.shape}], but ${are}`;
  throw formatError(file.path, problem, { parameter: tensor });
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { Buffers } from '../../../src/formats/compact/buffers.js';
import { CompactFile } from '../../../src/formats/compact/compact-file.js';
import { parseHeader } from '../../../src/formats/safetensors/header.js';
import {
  headerBytes,
  type TensorDescription,
} from '../../../src/formats/safetensors/header-text.js';
import { openSafetensors } from '../../../src/formats/safetensors/reader.js';
import { writeSafetensors } from '../../../src/formats/safetensors/writer.js';
import { compact } from '../../../src/index.js';
import { seeded } from '../../random.js';
import { temporaryFolder } from '../temporary-folder.js';
import { sparseTensor, unstructured } from './sparse-tensors.js';

/** A compact file in parts that can be changed one by one. */
export interface FileParts {
  metadata: Map<string, string>;
  tensors: (TensorDescription & { data: Uint8Array })[];
}

/** A compact file with a tensor of each layout: "mask", "rows", "groups" and "dense". */
export async function validParts(t: ExecutionContext): Promise<FileParts> {
  const folder = await temporaryFolder(t);
  const [input, output] = [join(folder, 'in'), join(folder, 'out')];
  const random = seeded(77);
  await writeSafetensors(
    input,
    [
      sparseTensor('mask', 'BF16', [5, 13], random, unstructured(0.7, random)),
      sparseTensor('rows', 'F32', [4, 300], random, unstructured(0.98, random)),
      sparseTensor('groups', 'F64', [6, 14], random, (i) => (i % 14) % 4 === 1),
      sparseTensor('dense', 'I8', [3], random, () => true),
    ],
    { metadata: [['format', 'pt']] },
  );
  const { tensors } = await compact(input, output);
  t.deepEqual(
    tensors.map(({ format }) => format),
    ['bitmask', 'csr', '1:4', 'dense'],
  );
  const bytes = await readFile(output);
  const header = parseHeader(bytes, bytes.byteLength);
  return {
    metadata: new Map(header.metadata),
    tensors: [...header.tensors.values()].map(({ name, dtype, shape, begin, end }) => ({
      ...{ name, dtype, shape },
      data: Uint8Array.from(bytes.subarray(header.dataStart + begin, header.dataStart + end)),
    })),
  };
}

/** The file of these parts. */
export function fileOfParts({ metadata, tensors }: FileParts): Uint8Array {
  return Buffer.concat([headerBytes(tensors, metadata, 'x'), ...tensors.map(({ data }) => data)]);
}

/** Opens a compact file and unpacks all of it; returns the bytes of the dense data. */
export async function unpackAll(path: string, buffers = new Buffers()): Promise<number> {
  await using file = await openSafetensors(path);
  const compactFile = new CompactFile(file);
  let bytes = 0;
  for (const entry of compactFile.tensors.values()) {
    for await (const piece of compactFile.pieces(entry, buffers)) bytes += piece.bytes.byteLength;
  }
  return bytes;
}

import { type TensorSource, writeSafetensors } from '../../formats/safetensors/writer.js';
import { toMetadata } from './description.js';
import { STATE_PIECE, type StateSource } from './state-source.js';
import {
  blockArrayDtype,
  blockArrayShape,
  blockArrays,
  longestBlock,
  tensorName,
  VECTOR_DTYPES,
  VECTORS,
} from './tensors.js';

/** Writes a state; the file is there when all of it is written. See docs/formats.md. */
export async function saveState(
  source: StateSource,
  file: string,
  signal?: AbortSignal,
): Promise<void> {
  const { description } = source;
  const tensors: TensorSource[] = [];
  for (const [index, { name }] of description.parameters.entries()) {
    const shape = source.shape(index);
    for (const kind of VECTORS) {
      const data = pieces(signal, [async () => bytesOf(await source.vector(kind, index))]);
      tensors.push({ name: tensorName(kind, name), dtype: VECTOR_DTYPES[kind], shape, data });
    }
    const starts = await source.starts(index);
    tensors.push({
      name: tensorName('starts', name),
      dtype: 'U32',
      shape: [starts.length],
      data: bytesOf(starts),
    });
    for (const kind of blockArrays(description)) {
      const blocks = starts.length - 1;
      const arrayShape = blockArrayShape(kind, blocks, longestBlock(starts), description.samples);
      const total = arrayShape.reduce((a, b) => a * b, 1);
      const reads: (() => Promise<Uint8Array>)[] = [];
      for (let at = 0; at < total; at += STATE_PIECE) {
        const count = Math.min(STATE_PIECE, total - at);
        reads.push(async () => bytesOf(await source.elements(kind, index, at, count)));
      }
      const dtype = blockArrayDtype(kind);
      const data = pieces(signal, reads);
      tensors.push({ name: tensorName(kind, name), dtype, shape: arrayShape, data });
    }
  }
  await writeSafetensors(file, tensors, { metadata: toMetadata(description) });
}

function pieces(
  signal: AbortSignal | undefined,
  reads: readonly (() => Promise<Uint8Array>)[],
): () => AsyncIterable<Uint8Array> {
  return async function* () {
    for (const read of reads) {
      signal?.throwIfAborted();
      yield await read();
    }
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

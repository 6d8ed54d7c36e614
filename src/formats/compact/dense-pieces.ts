import { DTYPE_BYTES } from '../dtypes.js';
import type { SafetensorsFile } from '../safetensors/reader.js';
import type { Buffers } from './buffers.js';
import type { DenseTensor } from './tensor.js';

/** Elements `begin` to `end` of a tensor. */
export interface Piece {
  /** As in the dense file; valid until the next piece is asked for. */
  bytes: Uint8Array;
  begin: number;
  end: number;
}

/** Reads a tensor piece by piece, each while its user works on the one before. */
export async function* densePieces(
  file: SafetensorsFile,
  { name, dtype }: DenseTensor,
  cuts: Iterable<number>,
  buffers: Buffers,
): AsyncGenerator<Piece> {
  const width = DTYPE_BYTES[dtype];
  let turn = 0;
  let start = 0;
  const read = async (end: number): Promise<Piece> => {
    const begin = start;
    start = end;
    turn = 1 - turn;
    const bytes = buffers.get(`dense ${turn}`, (end - begin) * width);
    await file.readInto(name, bytes, begin * width);
    return { bytes, begin, end };
  };
  let pending: Promise<Piece> | undefined;
  try {
    for (const end of cuts) {
      const next = read(end);
      const ready = pending;
      pending = next;
      // Nobody waits for it yet.
      next.catch(() => {});
      if (ready !== undefined) yield await ready;
    }
    if (pending !== undefined) yield await pending;
  } finally {
    await pending?.catch(() => {});
  }
}

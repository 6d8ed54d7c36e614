import { readSync } from 'node:fs';
import { cancelled } from '../engine/javascript/control.js';
import { toFloat32 } from '../formats/conversion.js';
import { DTYPE_BYTES, type FloatDtype } from '../formats/dtypes.js';

/** Elements of a file that a worker reads as float32. */
export interface ReadJob {
  /** Descriptor of a file that stays open until the job has ended; the threads of a process share them. */
  fd: number;
  /** Byte of the file at which the first element stands. */
  position: number;
  dtype: FloatDtype;
  /** Elements. */
  length: number;
  /** On shared memory. Absent: they are read for the system's cache alone, and wanted later. */
  into?: Float32Array;
}

/** How a read ended; `unreadable` says why, and at which byte. */
export type ReadStatus =
  | { outcome: 'done' | 'cancelled' }
  | { outcome: 'unreadable'; offset: number; message: string };

/** One read of the system: short enough to stop in between. */
const PIECE_BYTES = 2 ** 20;

let scratch: Uint8Array | undefined;

/** Reads and converts in this thread; polls `control` once a megabyte. */
export function readElements(
  { fd, position, dtype, length, into }: ReadJob,
  control: Int32Array,
): ReadStatus {
  const width = DTYPE_BYTES[dtype];
  const elements = PIECE_BYTES / width;
  for (let at = 0; at < length; at += elements) {
    if (cancelled(control)) return { outcome: 'cancelled' };
    const end = Math.min(at + elements, length);
    const piece = into?.subarray(at, end);
    scratch ??= new Uint8Array(PIECE_BYTES);
    const raw =
      piece !== undefined && dtype === 'F32'
        ? new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength)
        : scratch.subarray(0, (end - at) * width);
    const failure = readBytes(fd, raw, position + at * width);
    if (failure !== undefined) return failure;
    if (piece !== undefined && dtype !== 'F32') toFloat32(dtype, raw, piece);
  }
  return { outcome: 'done' };
}

function readBytes(fd: number, raw: Uint8Array, position: number): ReadStatus | undefined {
  for (let done = 0; done < raw.byteLength; ) {
    const offset = position + done;
    try {
      const read = readSync(fd, raw, done, raw.byteLength - done, offset);
      if (read === 0) {
        const message = `the file became shorter while open: ${raw.byteLength - done} bytes are missing`;
        return { outcome: 'unreadable', offset, message };
      }
      done += read;
    } catch (error) {
      const message = `cannot be read: ${(error as Error).message}`;
      return { outcome: 'unreadable', offset, message };
    }
  }
  return undefined;
}

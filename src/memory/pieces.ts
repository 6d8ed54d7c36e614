import { setImmediate } from 'node:timers/promises';

/** Elements that a plain loop on the main thread handles in a few ms: 8 MB of float32. */
export const PIECE = 1 << 20;

/**
 * Calls `work(begin, end)` for consecutive pieces of [0, length) and lets the event loop turn
 * between them, so that no large array blocks it.
 */
export async function inPieces(
  length: number,
  work: (begin: number, end: number) => void,
  piece = PIECE,
): Promise<void> {
  for (let begin = 0; begin < length; begin += piece) {
    if (begin > 0) await setImmediate();
    work(begin, Math.min(begin + piece, length));
  }
}

/** Fills a large array in pieces. */
export async function fillInPieces(
  array: Float32Array | Float64Array | Uint8Array,
  value: number,
): Promise<void> {
  await inPieces(array.length, (begin, end) => {
    array.fill(value, begin, end);
  });
}

/** Copies a large array in pieces. */
export async function copyInPieces(
  from: Float32Array | Float64Array | Uint8Array,
  to: Float32Array | Float64Array | Uint8Array,
): Promise<void> {
  await inPieces(to.length, (begin, end) => {
    to.set(from.subarray(begin, end), begin);
  });
}

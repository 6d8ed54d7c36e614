/**
 * Shared memory for batches, by what it is for. What is dropped is not given back in time, so a use
 * that comes again, for a smaller array, gets the memory it had; the largest comes first.
 */
export class BatchMemory {
  readonly #buffers = new Map<string, SharedArrayBuffer>();

  /** An array of `length`; its contents are undefined. */
  array(use: string, length: number): Float32Array {
    let buffer = this.#buffers.get(use);
    if (buffer === undefined || buffer.byteLength < 4 * length) {
      buffer = new SharedArrayBuffer(4 * length);
      this.#buffers.set(use, buffer);
    }
    return new Float32Array(buffer, 0, length);
  }
}

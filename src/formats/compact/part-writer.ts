import type { FileHandle } from 'node:fs/promises';
import { writeAll } from '../write-all.js';

/**
 * Writes one part of a compact file from its own place on, while other parts are written at theirs.
 * What is small is gathered first.
 */
export class PartWriter {
  /** Bytes that were written or wait for it. */
  written = 0;
  readonly #handle: FileHandle;
  readonly #position: number;
  readonly #buffer: Uint8Array;
  #waiting = 0;

  /**
   * @param position First byte of the part in the file.
   * @param buffer At least as long as the largest `room` that is asked for.
   */
  constructor(handle: FileHandle, position: number, buffer: Uint8Array) {
    this.#handle = handle;
    this.#position = position;
    this.#buffer = buffer;
  }

  /** Room for the next bytes; `wrote` says how many there are. */
  async room(bytes: number): Promise<Uint8Array> {
    if (bytes > this.#buffer.byteLength - this.#waiting) await this.flush();
    return this.#buffer.subarray(this.#waiting, this.#waiting + bytes);
  }

  wrote(bytes: number): void {
    this.#waiting += bytes;
    this.written += bytes;
  }

  async flush(): Promise<void> {
    const position = this.#position + this.written - this.#waiting;
    await writeAll(this.#handle, this.#buffer.subarray(0, this.#waiting), position);
    this.#waiting = 0;
  }
}

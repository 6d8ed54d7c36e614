import type { SafetensorsFile } from '../safetensors/reader.js';

/** Reads one part of a compact file from its start to its end, in any steps. */
export class PartReader {
  /** Bytes of the part. */
  readonly bytes: number;
  readonly #file: SafetensorsFile;
  readonly #name: string;
  readonly #buffer: Uint8Array;
  #taken = 0;
  // The buffer holds the bytes of the part from `#taken` on.
  #begin = 0;
  #end = 0;

  /** @param buffer At least as long as the largest step. */
  constructor(file: SafetensorsFile, name: string, bytes: number, buffer: Uint8Array) {
    this.#file = file;
    this.#name = name;
    this.bytes = bytes;
    this.#buffer = buffer;
  }

  /** Bytes that were not taken yet. */
  get remaining(): number {
    return this.bytes - this.#taken;
  }

  /** The next bytes, at most those that remain; they stay as they are until the next call. */
  async peek(bytes: number): Promise<Uint8Array> {
    if (bytes > this.#end - this.#begin) {
      this.#buffer.copyWithin(0, this.#begin, this.#end);
      this.#end -= this.#begin;
      this.#begin = 0;
      const room = this.#buffer.subarray(this.#end, this.#end + this.remaining - this.#end);
      await this.#file.readInto(this.#name, room, this.#taken + this.#end);
      this.#end += room.byteLength;
    }
    return this.#buffer.subarray(this.#begin, this.#begin + bytes);
  }

  /** Goes on behind the next `bytes`, which were peeked at. */
  skip(bytes: number): void {
    this.#begin += bytes;
    this.#taken += bytes;
  }

  /** `peek` and `skip`. */
  async take(bytes: number): Promise<Uint8Array> {
    const taken = await this.peek(bytes);
    this.skip(bytes);
    return taken;
  }
}

import { once } from 'node:events';
import { createGzip } from 'node:zlib';

/** Bytes that gzip makes of a stream, at its usual level of 6. Nothing of it is kept. */
export class GzipSize implements AsyncDisposable {
  readonly #gzip = createGzip({ level: 6, chunkSize: 256 * 1024 });
  #bytes = 0;

  constructor() {
    this.#gzip.on('data', (piece: Buffer) => {
      this.#bytes += piece.byteLength;
    });
  }

  /** Takes the next bytes; when it resolves, they may change. */
  async add(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#gzip.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** The size of the whole. */
  async end(): Promise<number> {
    this.#gzip.end();
    await once(this.#gzip, 'end');
    return this.#bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gzip.destroy();
  }
}

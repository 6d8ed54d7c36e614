import { loadNative } from '../engine/native.js';
import { WoodFisherError } from '../errors.js';

/**
 * All shared memory of the process. A SharedArrayBuffer that is dropped keeps its pages until some
 * later garbage collection, so buffers are never dropped: they are kept by size, handed out again,
 * and their pages go back to the system while nobody uses them.
 */
const free = new Map<number, SharedArrayBuffer[]>();

const SMALLEST = 4096;

/** Buffers from here on have large pages: one page more than they need is then at most an eighth. */
const LARGE = 2 ** 24;

/**
 * Sixteen sizes between two powers of two: few enough that buffers fit again, and at most an eighth
 * larger than asked for. What is not touched costs address space, not memory.
 */
function sizeClass(bytes: number): number {
  const step = Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(Math.max(bytes, 1))) / 16);
  return Math.max(SMALLEST, Math.ceil(bytes / step) * step);
}

function take(bytes: number): SharedArrayBuffer {
  const size = sizeClass(bytes);
  const recycled = free.get(size)?.pop();
  if (recycled !== undefined) return recycled;
  try {
    const buffer = new SharedArrayBuffer(size);
    if (size >= LARGE) loadNative()?.useLargePages(new Uint8Array(buffer));
    return buffer;
  } catch (cause) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_STATE',
      `cannot allocate ${bytes} bytes of shared memory; use a smaller blockSize or prune fewer parameters at a time`,
      { value: bytes },
      { cause },
    );
  }
}

function give(buffer: SharedArrayBuffer): void {
  loadNative()?.releasePages(new Uint8Array(buffer));
  const list = free.get(buffer.byteLength);
  if (list === undefined) free.set(buffer.byteLength, [buffer]);
  else list.push(buffer);
}

/**
 * Buffers borrowed from the arena together and given back together. What is released early stays
 * with the lease for its next array of that size, pages and all: a run uses the same few buffers for
 * all of its batches. Contents are undefined at first.
 */
export class Lease {
  readonly #inUse = new Set<SharedArrayBuffer>();
  readonly #spare: SharedArrayBuffer[] = [];
  #bytes = 0;
  #peak = 0;
  #disposed = false;

  float64(length: number): Float64Array {
    return new Float64Array(this.#take(length * 8), 0, length);
  }

  float32(length: number): Float32Array {
    return new Float32Array(this.#take(length * 4), 0, length);
  }

  uint32(length: number): Uint32Array {
    return new Uint32Array(this.#take(length * 4), 0, length);
  }

  int32(length: number): Int32Array {
    return new Int32Array(this.#take(length * 4), 0, length);
  }

  uint8(length: number): Uint8Array {
    return new Uint8Array(this.#take(length), 0, length);
  }

  /** Bytes asked for at most at one time. */
  get peakBytes(): number {
    return this.#peak;
  }

  /** Takes one array back early. */
  release(array: ArrayBufferView): void {
    const buffer = array.buffer as SharedArrayBuffer;
    if (!this.#inUse.delete(buffer)) return;
    this.#bytes -= array.byteLength;
    this.#spare.push(buffer);
  }

  /** Gives everything back. The arrays must not be used any more. */
  dispose(): void {
    for (const buffer of [...this.#inUse, ...this.#spare]) give(buffer);
    this.#inUse.clear();
    this.#spare.length = 0;
    this.#bytes = 0;
    this.#disposed = true;
  }

  #take(bytes: number): SharedArrayBuffer {
    if (this.#disposed) {
      throw new WoodFisherError('ERR_WOODFISHER_STATE', 'the Fisher has been disposed');
    }
    const spare = this.#spare.findIndex(({ byteLength }) => byteLength === sizeClass(bytes));
    const buffer = spare === -1 ? take(bytes) : this.#spare.splice(spare, 1)[0];
    this.#inUse.add(buffer);
    this.#bytes += bytes;
    this.#peak = Math.max(this.#peak, this.#bytes);
    return buffer;
  }
}

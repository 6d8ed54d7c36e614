import { loadNative } from '../engine/native.js';
import { WoodFisherError } from '../errors.js';
import {
  type ArrayKind,
  type ArrayKinds,
  type ArrayPlan,
  ELEMENT_BYTES,
  type PlannedArrays,
} from './array-plan.js';
import { formatBytes } from './byte-size.js';

/**
 * All shared memory of the process. A SharedArrayBuffer that is dropped keeps its pages until some
 * later garbage collection, so buffers are never dropped: they are kept by size, handed out again,
 * and their pages go back to the system while nobody uses them.
 */
const free = new Map<number, SharedArrayBuffer[]>();

const SMALLEST = 4096;

/** Buffers from here on have large pages. */
const LARGE = 2 ** 24;
const LARGE_PAGE = 2 ** 21;

const CREATE: {
  [K in ArrayKind]: (buffer: SharedArrayBuffer, length: number) => ArrayKinds[K];
} = {
  float64: (buffer, length) => new Float64Array(buffer, 0, length),
  float32: (buffer, length) => new Float32Array(buffer, 0, length),
  uint32: (buffer, length) => new Uint32Array(buffer, 0, length),
  int32: (buffer, length) => new Int32Array(buffer, 0, length),
  uint8: (buffer, length) => new Uint8Array(buffer, 0, length),
};

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
    const whole = Math.floor(bytes / LARGE_PAGE) * LARGE_PAGE; // what is not used must not come along
    if (bytes >= LARGE) loadNative()?.useLargePages(new Uint8Array(buffer, 0, whole));
    return buffer;
  } catch (cause) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_MEMORY',
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
 * with the lease for its next array of that size, pages and all, while its limit leaves room for
 * them: a run uses the same few buffers for all of its batches. Contents are undefined at first.
 */
export class Lease {
  /** With the bytes that were asked for. */
  readonly #inUse = new Map<SharedArrayBuffer, number>();
  readonly #spare: SharedArrayBuffer[] = [];
  #bytes = 0;
  #peak = 0;
  #disposed = false;
  readonly #limit: number;
  readonly #repeats: boolean;

  /**
   * @param limit Bytes that may be in use at one time; what would exceed it is refused.
   * @param repeats Whether the same work is done again and again, as on slabs: `trim` then leaves the pages.
   */
  constructor(limit = Number.POSITIVE_INFINITY, repeats = false) {
    this.#limit = limit;
    this.#repeats = repeats;
  }

  /** The arrays of a plan. */
  arrays<P extends ArrayPlan>(plan: P): PlannedArrays<P> {
    return Object.fromEntries(
      Object.entries(plan).map(([name, [kind, length]]) => [name, this.#create(kind, length)]),
    ) as PlannedArrays<P>;
  }

  float64(length: number): Float64Array {
    return this.#create('float64', length);
  }

  float32(length: number): Float32Array {
    return this.#create('float32', length);
  }

  uint32(length: number): Uint32Array {
    return this.#create('uint32', length);
  }

  int32(length: number): Int32Array {
    return this.#create('int32', length);
  }

  uint8(length: number): Uint8Array {
    return this.#create('uint8', length);
  }

  /** Bytes asked for at most at one time. */
  get peakBytes(): number {
    return this.#peak;
  }

  /** Bytes that may still be asked for. */
  get room(): number {
    return this.#limit - this.#bytes;
  }

  /** Refuses to go on where so many bytes more would exceed the limit. */
  require(bytes: number): void {
    if (bytes <= this.room) return;
    throw new WoodFisherError(
      'ERR_WOODFISHER_MEMORY',
      `this needs ${formatBytes(bytes)} of memory, but of the ${formatBytes(this.#limit)} that this run may take for arrays ${formatBytes(this.#bytes)} are in use; allow more, or give back what is no longer needed`,
      { option: 'memoryLimit', value: bytes },
    );
  }

  /** Takes one array back early. */
  release(array: ArrayBufferView): void {
    this.#release(array.buffer as SharedArrayBuffer);
  }

  /** A function that takes all arrays back that are handed out from now on until it is called. */
  mark(): () => void {
    const before = new Set(this.#inUse.keys());
    return () => {
      for (const buffer of [...this.#inUse.keys()]) if (!before.has(buffer)) this.#release(buffer);
    };
  }

  /** Gives the pages of what was released early back to the system, if they will not be used again. */
  trim(): void {
    if (!this.#repeats) this.#shrinkSpare(0);
  }

  /** Gives everything back. The arrays must not be used any more. */
  dispose(): void {
    for (const buffer of this.#inUse.keys()) give(buffer);
    this.#inUse.clear();
    this.#shrinkSpare(0);
    this.#bytes = 0;
    this.#disposed = true;
  }

  #create<K extends ArrayKind>(kind: K, length: number): ArrayKinds[K] {
    return CREATE[kind](this.#take(length * ELEMENT_BYTES[kind]), length);
  }

  #take(bytes: number): SharedArrayBuffer {
    if (this.#disposed) {
      throw new WoodFisherError('ERR_WOODFISHER_STATE', 'the Fisher has been disposed');
    }
    this.require(bytes);
    const spare = this.#spare.findIndex(({ byteLength }) => byteLength === sizeClass(bytes));
    if (spare === -1) this.#shrinkSpare(this.room - bytes);
    const buffer = spare === -1 ? take(bytes) : this.#spare.splice(spare, 1)[0];
    this.#inUse.set(buffer, bytes);
    this.#bytes += bytes;
    this.#peak = Math.max(this.#peak, this.#bytes);
    return buffer;
  }

  #release(buffer: SharedArrayBuffer): void {
    const bytes = this.#inUse.get(buffer);
    if (bytes === undefined) return;
    this.#inUse.delete(buffer);
    this.#bytes -= bytes;
    this.#spare.push(buffer);
  }

  /** Gives back what was released first, until no more than so many bytes are left. */
  #shrinkSpare(bytes: number): void {
    let left = this.#spare.reduce((sum, { byteLength }) => sum + byteLength, 0);
    let count = 0;
    while (left > bytes && count < this.#spare.length) left -= this.#spare[count++].byteLength;
    for (const buffer of this.#spare.splice(0, count)) give(buffer);
  }
}

import { Lease } from '../memory/arena.js';
import type { MatchedGradients } from './gradient-files.js';
import { type Region, regionSize } from './region.js';
import { type NamedRead, readAll, readsOf, runsOf } from './tensor-reads.js';

/** Samples of a batch: a multiple of the steps of the Woodbury recursion, up to a panel of gram sums. */
const STEP = 16;
const MOST = 64;

/** Bytes of a batch, where 16 samples take less. */
const BATCH_BYTES = 256 * 2 ** 20;

/** A batch of k samples: for each parameter an array [k, …]. */
export type ArrayBatch = Readonly<Record<string, Float32Array>>;

/** The part of a tensor whose gradients are read. */
export interface GradientColumns {
  name: string;
  /** In a sample. */
  region: Region;
}

/** Samples in a batch of gradients of `size` weights, where memory does not ask for fewer. */
export function batchSamples(size: number): number {
  const steps = Math.floor(BATCH_BYTES / (4 * size * STEP));
  return STEP * Math.min(Math.max(steps, 1), MOST / STEP);
}

/**
 * Gradient samples out of files, batch by batch, the columns asked for alone.
 *
 * Two buffers on shared memory take turns, so that one is read while the other is summed, and no more
 * than these are in memory. A batch is valid until the next one is asked for.
 *
 * @param signal Stops reading, with its reason.
 * @param batch Samples of a batch; the results depend on it by rounding alone. Default {@link batchSamples}.
 * @param lease Memory that the buffers are taken from. Default: one of their own.
 */
export async function* gradientBatches(
  files: MatchedGradients,
  columns: readonly GradientColumns[],
  signal?: AbortSignal,
  batch = batchSamples(columns.reduce((sum, { region }) => sum + regionSize(region), 0)),
  lease: Lease = new Lease(),
): AsyncGenerator<ArrayBatch> {
  const { samples } = files;
  const most = Math.min(samples, batch);
  const control = lease.int32(2).fill(0);
  const cancel = (): void => void Atomics.store(control, 0, 1);
  signal?.addEventListener('abort', cancel);
  const count = samples > most ? 2 : 1;
  const buffers = Array.from({ length: count }, () =>
    columns.map(({ region }) => lease.float32(most * regionSize(region))),
  );

  const readBatch = async (first: number): Promise<ArrayBatch> => {
    signal?.throwIfAborted();
    const length = Math.min(most, samples - first);
    const arrays = buffers[(first / most) % count].map((array, i) =>
      array.subarray(0, length * regionSize(columns[i].region)),
    );
    await readAll(
      columns.flatMap((column, i) => sampleReads(files, column, first, arrays[i])),
      control,
      signal,
    );
    return Object.fromEntries(columns.map(({ name }, i) => [name, arrays[i]]));
  };
  // A failure is thrown when the batch is asked for, and is not unhandled until then.
  const begin = (first: number): Promise<ArrayBatch> | undefined => {
    if (first >= samples) return undefined;
    const reading = readBatch(first);
    reading.catch(() => undefined);
    return reading;
  };

  let reading = begin(0);
  try {
    for (let next = most; reading !== undefined; next += most) {
      const batch = await reading;
      reading = begin(next);
      yield batch;
    }
  } finally {
    cancel();
    await reading?.catch(() => undefined);
    signal?.removeEventListener('abort', cancel);
    for (const array of [control, ...buffers.flat()]) lease.release(array);
    lease.trim();
  }
}

/** Reads of samples from `first` on, as many as there is room for in `into`. */
function sampleReads(
  files: MatchedGradients,
  { name, region }: GradientColumns,
  first: number,
  into: Float32Array,
): NamedRead[] {
  const size = regionSize(region);
  const reads: NamedRead[] = [];
  let at = 0;
  for (const run of files.runs(name, first, into.length / size)) {
    const room = into.subarray(at, at + run.count * size);
    reads.push(...readsOf(run.place, region, run.first, room));
    at += room.length;
  }
  return reads;
}

/**
 * Has the system read the first `samples` samples ahead of their time, beside whatever else is done. They
 * take none of this process's memory.
 *
 * @returns What waits for it; `stop` has it end before.
 */
export function readAhead(
  files: MatchedGradients,
  columns: readonly GradientColumns[],
  samples: number,
): { ended: Promise<void>; stop: () => void } {
  const control = new Int32Array(new SharedArrayBuffer(8));
  const reads = columns.flatMap(({ name, region }) =>
    [...files.runs(name, 0, samples)].flatMap(({ place, first, count }) =>
      runsOf(place, region, first, count),
    ),
  );
  // What cannot be read is told when it is wanted.
  const ended = readAll(reads, control).catch(() => undefined);
  return { ended, stop: () => void Atomics.store(control, 0, 1) };
}

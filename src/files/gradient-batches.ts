import pLimit from 'p-limit';
import { Lease } from '../memory/arena.js';
import type { TensorInfo, TensorReader } from './tensor-reader.js';

/** Samples of a batch: a multiple of the steps of the Woodbury recursion, up to a panel of gram sums. */
const STEP = 16;
const MOST = 64;

/** Bytes of a batch, where 16 samples take less. */
const BATCH_BYTES = 256 * 2 ** 20;

/** Reads at a time: the threads that libuv has for them. */
const READS = 4;

/** A batch of k samples: for each parameter an array [k, ...shape]. */
export type ArrayBatch = Readonly<Record<string, Float32Array>>;

/** Samples in a batch of gradients of `size` weights, where memory does not ask for fewer. */
export function batchSamples(size: number): number {
  const steps = Math.floor(BATCH_BYTES / (4 * size * STEP));
  return STEP * Math.min(Math.max(steps, 1), MOST / STEP);
}

/**
 * The samples of a gradients file, batch by batch.
 *
 * Two buffers on shared memory take turns, so that one is read while the other is summed, and no more
 * than these are in memory. A batch is valid until the next one is asked for.
 *
 * @param parameters Those to read; in `file` they are [samples, ...shape].
 * @param signal Stops between two reads, with its reason.
 * @param batch Samples of a batch; the results depend on it by rounding alone. Default {@link batchSamples}.
 */
export async function* gradientBatches(
  file: TensorReader,
  parameters: readonly TensorInfo[],
  samples: number,
  signal?: AbortSignal,
  batch = batchSamples(parameters.reduce((sum, { size }) => sum + size, 0)),
): AsyncGenerator<ArrayBatch> {
  const most = Math.min(samples, batch);
  const lease = new Lease();
  const buffers = [0, 1].map(() => parameters.map(({ size }) => lease.float32(most * size)));
  const limit = pLimit(READS);

  const readBatch = async (first: number): Promise<ArrayBatch> => {
    const count = Math.min(most, samples - first);
    const arrays = buffers[(first / most) % 2];
    const reads = parameters.map(({ name, size }, i) =>
      limit(async (): Promise<[string, Float32Array]> => {
        signal?.throwIfAborted();
        const into = arrays[i].subarray(0, count * size);
        return [name, await file.read(name, { start: first * size, into })];
      }),
    );
    // All of them end before an error is thrown: the buffers are given back after it.
    const failed = (await Promise.allSettled(reads)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    return Object.fromEntries(await Promise.all(reads));
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
    await reading?.catch(() => undefined);
    lease.dispose();
  }
}

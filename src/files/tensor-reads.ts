import { WoodFisherError } from '../errors.js';
import { DTYPE_BYTES, type FloatDtype } from '../formats/dtypes.js';
import { formatError } from '../formats/errors.js';
import { runRead } from '../pool/pool.js';
import type { ReadJob, ReadStatus } from '../pool/read-job.js';
import { type Region, regionSize } from './region.js';

/** Where tensors of one shape stand in a file: number n begins at byte `begin` + n · `rowBytes`. */
export interface TensorPlace {
  path: string;
  fd: number;
  dtype: FloatDtype;
  begin: number;
  rowBytes: number;
}

/** A read, and the file for messages. */
export type NamedRead = ReadJob & { path: string };

/** Bytes of a task for a reading thread. */
const TASK_BYTES = 8 * 2 ** 20;

/** Reads of a region of tensors number `first` and following, as many as there is room for in `into`. */
export function readsOf(
  place: TensorPlace,
  region: Region,
  first: number,
  into: Float32Array,
): NamedRead[] {
  let at = 0;
  return runsOf(place, region, first, into.length / regionSize(region)).map((run) => {
    const piece = into.subarray(at, at + run.length);
    at += run.length;
    return { ...run, into: piece };
  });
}

/** The same for `count` tensors, into the system's cache alone. */
export function runsOf(
  { path, fd, dtype, begin, rowBytes }: TensorPlace,
  region: Region,
  first: number,
  count: number,
): NamedRead[] {
  const width = DTYPE_BYTES[dtype];
  const size = regionSize(region);
  const runs: NamedRead[] = [];
  const add = (position: number, length: number): void => {
    const most = TASK_BYTES / width;
    for (let done = 0; done < length; done += most) {
      const piece = Math.min(most, length - done);
      runs.push({ path, fd, dtype, position: position + done * width, length: piece });
    }
  };
  if (rowBytes === size * width) {
    add(begin + first * rowBytes, count * size);
    return runs;
  }
  for (let n = first; n < first + count; n++) {
    for (let r = 0; r < region.rows; r++) {
      add(begin + n * rowBytes + (region.begin + r * region.stride) * width, region.length);
    }
  }
  return runs;
}

/**
 * Reads in threads of the pool. All reads have ended when it returns or throws.
 *
 * @throws WoodFisherError `ERR_WOODFISHER_FORMAT` for a file that cannot be read or became shorter; the
 * signal's reason.
 */
export async function readAll(
  reads: readonly NamedRead[],
  control: Int32Array,
  signal?: AbortSignal,
): Promise<void> {
  const tasks = inTasks(reads).map(async (task) =>
    throwFailed(await runRead({ reads: task, control }), task),
  );
  const failed = (await Promise.allSettled(tasks)).find(({ status }) => status === 'rejected');
  signal?.throwIfAborted();
  if (failed?.status === 'rejected') throw failed.reason;
}

/** Reads together that are worth sending to a thread. */
function inTasks(reads: readonly NamedRead[]): NamedRead[][] {
  const tasks: NamedRead[][] = [];
  let room = 0;
  for (const read of reads) {
    if (room <= 0) {
      tasks.push([]);
      room = TASK_BYTES;
    }
    tasks[tasks.length - 1].push(read);
    room -= 4 * read.length;
  }
  return tasks;
}

function throwFailed(statuses: readonly ReadStatus[], reads: readonly NamedRead[]): void {
  const last = statuses[statuses.length - 1];
  if (last.outcome === 'done') return;
  const { path } = reads[statuses.length - 1];
  if (last.outcome === 'unreadable') throw formatError(path, last.message, { offset: last.offset });
  throw new WoodFisherError('ERR_WOODFISHER_STATE', `reading ${path} was stopped`);
}

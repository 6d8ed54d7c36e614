import { type EngineName, loadKernels } from '../engine/engine.js';
import type { KernelName, Kernels, Status } from '../engine/kernels.js';
import { type ReadJob, type ReadStatus, readElements } from './read-job.js';

/** One kernel over several jobs, so that a task is long enough to be worth sending. */
export interface Task {
  engine: EngineName;
  kernel: KernelName;
  jobs: readonly object[];
}

/** Reads from files, in the order given. */
export interface ReadTask {
  reads: readonly ReadJob[];
  control: Int32Array;
}

/**
 * Runs a task's jobs in order; stops at the first that does not end well. Errors cross threads as
 * message and cause alone, so what kernels report travels as statuses.
 */
export default async function run(task: Task | ReadTask): Promise<(Status | ReadStatus)[]> {
  return 'reads' in task ? readAll(task) : await compute(task);
}

function readAll({ reads, control }: ReadTask): ReadStatus[] {
  const statuses: ReadStatus[] = [];
  for (const job of reads) {
    const status = readElements(job, control);
    statuses.push(status);
    if (status.outcome !== 'done') break;
  }
  return statuses;
}

async function compute({ engine, kernel, jobs }: Task): Promise<Status[]> {
  const kernels: Kernels = await loadKernels(engine);
  const call = kernels[kernel] as (job: object) => Status;
  const statuses: Status[] = [];
  for (const job of jobs) {
    const status = call(job);
    statuses.push(status);
    if (status.outcome !== 'done') break;
  }
  return statuses;
}

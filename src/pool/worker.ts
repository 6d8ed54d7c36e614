import { type EngineName, loadKernels } from '../engine/engine.js';
import type { KernelName, Kernels, Status } from '../engine/kernels.js';
import { type ReadJob, type ReadStatus, readElements } from './read-job.js';

/** Tasks of one kernel, which several threads are given and take in turn. */
export interface TaskList {
  engine: EngineName;
  kernel: KernelName;
  /** Jobs by task; several, so that a task is long enough to be worth taking. */
  tasks: readonly (readonly object[])[];
  /** [1], on shared memory: the next task that no thread has taken. */
  next: Int32Array;
}

/** How the jobs of a task that a thread has taken ended, up to the first that did not end well. */
export interface TaskDone {
  task: number;
  statuses: Status[];
}

/** Reads from files, in the order given. */
export interface ReadTask {
  reads: readonly ReadJob[];
  control: Int32Array;
}

/** Errors cross threads as message and cause alone, so what kernels and reads report travels as statuses. */
export default async function run(work: TaskList | ReadTask): Promise<TaskDone[] | ReadStatus[]> {
  return 'reads' in work ? readAll(work) : await compute(work);
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

/** Takes tasks until none is left, or one does not end well: then no thread takes another. */
async function compute({ engine, kernel, tasks, next }: TaskList): Promise<TaskDone[]> {
  const kernels: Kernels = await loadKernels(engine);
  const call = kernels[kernel] as (job: object) => Status;
  const done: TaskDone[] = [];
  for (;;) {
    const task = Atomics.add(next, 0, 1);
    if (task >= tasks.length) return done;
    const statuses: Status[] = [];
    done.push({ task, statuses });
    for (const job of tasks[task]) {
      const status = call(job);
      statuses.push(status);
      if (status.outcome === 'done') continue;
      Atomics.store(next, 0, tasks.length);
      return done;
    }
  }
}

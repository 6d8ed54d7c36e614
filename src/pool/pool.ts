import pLimit from 'p-limit';
import { Piscina } from 'piscina';
import { loadNative } from '../engine/native.js';
import type { ReadStatus } from './read-job.js';
import { defaultThreads, MAX_THREADS } from './threads.js';
import type { ReadTask, TaskDone, TaskList } from './worker.js';

/**
 * One pool per process, made when it is first needed. The runs of a process share its threads:
 * `slots` lets as many of them work at once as the machine has processors, or as the run with the most
 * `threads` asks for. Idle threads end after a while and never keep the process alive.
 */
let pool: Piscina<TaskList | ReadTask, TaskDone[] | ReadStatus[]> | undefined;
const slots = pLimit(1);
const asked = new Set<{ threads: number }>();

function thePool(): Piscina<TaskList | ReadTask, TaskDone[] | ReadStatus[]> {
  if (pool !== undefined) return pool;
  // An addon that only workers load is unloaded with the last of them.
  loadNative();
  pool = new Piscina<TaskList | ReadTask, TaskDone[] | ReadStatus[]>({
    filename: new URL('./worker.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: MAX_THREADS,
    idleTimeout: 10_000,
    // Piscina starts threads ahead of need up to minThreads alone; `slots` bounds the rest.
    concurrentTasksPerWorker: 1,
    // A task leaves a few small objects; room for many would be memory beside that of the runs.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
  return pool;
}

/**
 * Runs a task that mostly waits for a file: beside the tasks that compute, in threads of its own, so that
 * neither waits for the other.
 */
export function runRead(task: ReadTask): Promise<ReadStatus[]> {
  return reading(async () => (await thePool().run(task)) as ReadStatus[]);
}

/** Reads of the process at one time: one waits for the disk while one converts. */
const reading = pLimit(2);

/** A run's share of the pool: at most `threads` of it work for the run at once. */
export class PoolShare {
  readonly #asked: { threads: number };
  readonly #limit: ReturnType<typeof pLimit>;

  constructor(threads: number) {
    this.#asked = { threads };
    this.#limit = pLimit(threads);
    asked.add(this.#asked);
    resize();
  }

  get threads(): number {
    return this.#asked.threads;
  }

  /** Has a thread work on the list that `next` gives when its turn has come; undefined: on nothing. */
  run(next: () => TaskList | undefined): Promise<TaskDone[]> {
    return this.#limit(() =>
      slots(async () => {
        const list = next();
        return list === undefined ? [] : ((await thePool().run(list)) as TaskDone[]);
      }),
    );
  }

  dispose(): void {
    asked.delete(this.#asked);
    resize();
  }
}

function resize(): void {
  slots.concurrency = Math.max(defaultThreads(), ...[...asked].map(({ threads }) => threads));
}

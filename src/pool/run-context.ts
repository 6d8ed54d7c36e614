import type { ChosenEngine } from '../engine/engine.js';
import {
  BLOCKS_DONE,
  type BlockRange,
  CANCEL,
  type KernelJob,
  type KernelName,
  type Status,
} from '../engine/kernels.js';
import { WoodFisherError } from '../errors.js';
import { Lease } from '../memory/arena.js';
import { PoolShare } from './pool.js';
import { checkSendable } from './sendable.js';
import type { TaskList } from './worker.js';

/** A kernel call and the parameter it works on, for what it may have to report. */
export interface LabelledJob<K extends KernelName> {
  parameter: string;
  job: KernelJob<K>;
}

/** Told now and then, and at the end, how many blocks a kernel has finished. */
export type BlocksListener = (kernel: KernelName, done: number, total: number) => void;

/** Bytes of a run's control words. */
export const CONTROL_BYTES = 8;

/**
 * Tasks that threads are given at a time: they take them in turn, and go on while this thread is busy with
 * the next gradients. More would keep threads from other runs for longer.
 */
const TASKS_OF_LIST = 16;

/** Threads that are given the same list: each gets a copy of the descriptions of all its tasks. */
const THREADS_OF_LIST = 4;

/** How often a listener is told while a kernel runs, in ms. */
const LISTEN_EVERY = 100;

/** What a run has while it lasts: its engine, its share of the pool, its memory, its way to stop. */
export class RunContext {
  readonly engine: ChosenEngine;
  readonly lease: Lease;
  readonly share: PoolShare;
  readonly control: Int32Array;
  readonly #signal: AbortSignal | undefined;
  readonly #onBlocks: BlocksListener | undefined;
  readonly #running = new Set<Promise<unknown>>();
  #disposed = false;
  readonly #cancel = (): void => {
    Atomics.store(this.control, CANCEL, 1);
  };

  /** `memory`: bytes that its arrays may take at one time. `repeats`: see {@link Lease}. */
  constructor(
    engine: ChosenEngine,
    threads: number,
    {
      signal,
      onBlocks,
      memory,
      repeats,
    }: {
      signal?: AbortSignal;
      onBlocks?: BlocksListener;
      memory?: number;
      repeats?: boolean;
    } = {},
  ) {
    this.engine = engine;
    this.lease = new Lease(memory, repeats);
    this.#onBlocks = onBlocks;
    this.share = new PoolShare(threads);
    this.control = this.lease.int32(CONTROL_BYTES / 4);
    Atomics.store(this.control, CANCEL, 0);
    this.#signal = signal;
    if (signal?.aborted) this.#cancel();
    signal?.addEventListener('abort', this.#cancel, { once: true });
  }

  /** Throws the signal's reason once it was aborted, and an error once the run has ended. */
  throwIfUnusable(): void {
    this.#signal?.throwIfAborted();
    if (this.#disposed) {
      throw new WoodFisherError('ERR_WOODFISHER_STATE', 'this Fisher has been disposed');
    }
  }

  /**
   * Runs a kernel over tasks of one or more jobs each; returns the values of their statuses, task by
   * task. After a failure no further task is started, and the error is thrown when the running ones
   * have ended, so that the caller may free their memory.
   */
  async run<K extends KernelName>(
    kernel: K,
    tasks: readonly (readonly LabelledJob<K>[])[],
  ): Promise<number[][]> {
    this.throwIfUnusable();
    for (const { parameter, job } of tasks.flat()) checkSendable(parameter, job);
    const all = this.#runAll(kernel, tasks);
    this.#running.add(all);
    const tell = this.#teller(kernel, tasks);
    const timer = setInterval(tell, LISTEN_EVERY);
    timer.unref();
    try {
      const values = await all;
      tell();
      return values;
    } finally {
      clearInterval(timer);
      this.#running.delete(all);
    }
  }

  /** Stops what is running, waits for it, and gives the memory back to the arena. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#cancel();
    await Promise.allSettled(this.#running);
    this.#signal?.removeEventListener('abort', this.#cancel);
    this.share.dispose();
    this.lease.dispose();
  }

  /** What tells the listener how far a kernel is; kernels that count no blocks are not reported. */
  #teller<K extends KernelName>(
    kernel: K,
    tasks: readonly (readonly LabelledJob<K>[])[],
  ): () => void {
    const listener = this.#onBlocks;
    if (listener === undefined || kernel === 'findNonFinite') return () => undefined;
    const total = tasks.flat().reduce((sum, { job }) => {
      const { from, to } = job as BlockRange;
      return sum + to - from;
    }, 0);
    return () => listener(kernel, Math.min(Atomics.load(this.control, BLOCKS_DONE), total), total);
  }

  async #runAll<K extends KernelName>(
    kernel: K,
    tasks: readonly (readonly LabelledJob<K>[])[],
  ): Promise<number[][]> {
    Atomics.store(this.control, BLOCKS_DONE, 0);
    const values: number[][] = tasks.map(() => []);
    let failure: { error: unknown } | undefined;
    const work = async (first: number, list: TaskList): Promise<void> => {
      const isOpen = (): boolean =>
        failure === undefined && Atomics.load(list.next, 0) < list.tasks.length;
      try {
        const done = await this.share.run(() => (isOpen() ? list : undefined));
        for (const { task, statuses } of done) {
          const last = statuses.at(-1);
          if (last !== undefined && last.outcome !== 'done') {
            throw this.#failure(last, tasks[first + task][statuses.length - 1]);
          }
          values[first + task] = statuses.map(({ value }) => value ?? 0);
        }
      } catch (error) {
        failure ??= { error };
      }
    };
    const lists: Promise<void>[] = [];
    for (let first = 0; first < tasks.length; first += TASKS_OF_LIST) {
      const some = tasks.slice(first, first + TASKS_OF_LIST);
      const list: TaskList = {
        ...{ engine: this.engine.name, kernel },
        tasks: some.map((task) => task.map(({ job }) => job)),
        next: new Int32Array(new SharedArrayBuffer(4)),
      };
      const threads = Math.min(this.share.threads, some.length, THREADS_OF_LIST);
      for (let k = 0; k < threads; k++) lists.push(work(first, list));
    }
    await Promise.all(lists);
    if (failure !== undefined) throw failure.error;
    return values;
  }

  #failure<K extends KernelName>(status: Status, { parameter, job }: LabelledJob<K>): unknown {
    const { block, pivot, value } = status;
    switch (status.outcome) {
      case 'not-positive-definite': {
        const damping = 'damping' in job ? job.damping : undefined;
        return new WoodFisherError(
          'ERR_WOODFISHER_NOT_POSITIVE_DEFINITE',
          `the Fisher of block ${block} of parameter "${parameter}" is not positive definite in ` +
            `float64: its factorisation failed at pivot ${pivot} with damping ${damping}. ` +
            'Use a larger damping, more samples, or gradients on a smaller scale',
          { parameter, block, pivot, value: damping },
        );
      }
      case 'out-of-memory':
        return new WoodFisherError(
          'ERR_WOODFISHER_MEMORY',
          `a worker could not get ${value} bytes for parameter "${parameter}"; use a smaller blockSize or fewer threads`,
          { parameter, value },
        );
      default:
        return this.#signal?.aborted
          ? this.#signal.reason
          : new WoodFisherError('ERR_WOODFISHER_STATE', 'the Fisher was disposed while it worked');
    }
  }
}

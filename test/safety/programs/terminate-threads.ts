// Terminates threads that call kernels, in the middle of it. Arguments: how many threads, and who
// loads the addon: `main` too, or `threads` alone.
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { loadKernels } from '../../../src/engine/engine.js';
import { sharedArray } from '../../engine/shared-array.js';
import { seeded } from '../../random.js';
import { KERNEL_THREAD, type KernelCalls } from './kernel-thread.js';
import { callsOn, diagonalBy } from './shared-problem.js';

/** What is printed. */
export interface TerminateResult {
  ended: number;
  /** D of one problem in the main thread, before (where it loads the addon) and after. */
  before?: number[];
  after: number[];
}

const AT_ONCE = 4;

const [threads, loads] = [Number(process.argv[2]), process.argv[3]];
const random = seeded(threads);
const calls = [3, 60, 400].flatMap(callsOn);

/** Starts a thread and ends it: while it loads, or in the middle of one of its first calls. */
async function startAndEnd(index: number): Promise<void> {
  const [kernel, job] = calls[index % calls.length];
  const entered = sharedArray(Int32Array, 1);
  const workerData: KernelCalls = { kernel, job, entered, calls: Number.POSITIVE_INFINITY };
  const worker = new Worker(KERNEL_THREAD, { workerData });
  let failure: Error | undefined;
  worker.on('error', (error) => {
    failure = error;
  });
  if (index % 8 === 7) {
    await sleep(60 * random());
  } else {
    while (Atomics.load(entered, 0) < 1 + (index % 3) && failure === undefined) await sleep(1);
    await sleep(6 * random());
  }
  await worker.terminate();
  if (failure !== undefined) throw failure;
}

const diagonal = async (): Promise<number[]> => diagonalBy(await loadKernels('native'));
const before = loads === 'main' ? await diagonal() : undefined;
let started = 0;
let ended = 0;
const lane = async (): Promise<void> => {
  while (started < threads) {
    await startAndEnd(started++);
    ended++;
  }
};
await Promise.all(Array.from({ length: AT_ONCE }, lane));
const result: TerminateResult = { ended, before, after: await diagonal() };
console.log(JSON.stringify(result));

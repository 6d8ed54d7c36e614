// Prunes inside threads: to the end, terminated on the way, and left by process.exit(). Arguments:
// engine, and how many threads of the last two kinds.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { prune } from '../../../src/index.js';
import type { PruneOptions } from '../../../src/prune-options.js';
import { sharedArray } from '../../engine/shared-array.js';
import { seeded } from '../../random.js';
import { pruneProblem } from './prune-problem.js';
import { PRUNE_THREAD, type PruneThreadData } from './prune-thread.js';

/** What is printed. */
export interface PruneInThreadsResult {
  /** Threads whose weights have the bits of the main thread's, before and after all others. */
  same: boolean[];
  terminated: number;
  /** Exit codes of the threads that left by process.exit(). */
  exitCodes: number[];
}

const engine = process.argv[2] as PruneOptions['engine'];
const threads = Number(process.argv[3]);
const random = seeded(threads);

function start(exits = false): { worker: Worker; events: Int32Array } {
  const events = sharedArray(Int32Array, 1);
  const workerData: PruneThreadData = { engine, events, exits };
  return { worker: new Worker(PRUNE_THREAD, { workerData }), events };
}

async function toTheEnd(): Promise<Float32Array[]> {
  const [weights] = await once(start().worker, 'message');
  return weights;
}

async function terminate(): Promise<void> {
  const { worker, events } = start();
  const ended = once(worker, 'exit');
  const until = 1 + Math.floor(6 * random());
  while (Atomics.load(events, 0) < until) await sleep(1);
  await sleep(20 * random());
  await worker.terminate();
  await ended;
}

async function exit(): Promise<number> {
  const [code] = await once(start(true).worker, 'exit');
  return code;
}

const { parameters } = await prune({ ...pruneProblem(), engine });
const same: boolean[] = [];
const compare = (weights: readonly Float32Array[]): void => {
  const bytes = (array: Float32Array): Buffer => Buffer.from(array.buffer);
  same.push(weights.every((w, i) => bytes(w).equals(bytes(parameters[i].data))));
};
compare(await toTheEnd());
const exitCodes: number[] = [];
let terminated = 0;
for (let i = 0; i < threads; i++) {
  await terminate();
  terminated++;
  exitCodes.push(await exit());
}
for (const weights of await Promise.all([toTheEnd(), toTheEnd()])) compare(weights);
compare((await prune({ ...pruneProblem(), engine })).parameters.map(({ data }) => data));
const result: PruneInThreadsResult = { same, terminated, exitCodes };
console.log(JSON.stringify(result));

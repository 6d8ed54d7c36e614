// Threads alone load the addon, wave after wave; with the last of a wave it is unloaded. Arguments:
// waves, threads a wave. In the end the main thread loads it too.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { loadKernels } from '../../../src/engine/engine.js';
import { sharedArray } from '../../engine/shared-array.js';
import { KERNEL_THREAD, type KernelCalls } from './kernel-thread.js';
import { callsOn, diagonalBy } from './shared-problem.js';

/** What is printed. */
export interface LoadResult {
  /** Exit codes of the threads, each once. */
  codes: number[];
  calls: number;
  /** Whether the addon was there between waves; undefined where the system doesn't tell. */
  loadedBetween?: boolean;
  diagonal: number[];
}

const [waves, threads] = process.argv.slice(2).map(Number);
const CALLS = 3;
const problems = callsOn(40);
const codes = new Set<number>();
const entered = sharedArray(Int32Array, 1);
let loadedBetween: boolean | undefined;
for (let wave = 0; wave < waves; wave++) {
  const ends = Array.from({ length: threads }, async (_, i) => {
    const [kernel, job] = problems[i % problems.length];
    const workerData: KernelCalls = { kernel, job, entered, calls: CALLS };
    const [code] = await once(new Worker(KERNEL_THREAD, { workerData }), 'exit');
    codes.add(code);
  });
  await Promise.all(ends);
  if (process.platform === 'linux') {
    const loaded = readFileSync('/proc/self/maps', 'utf8').includes('woodfisher.node');
    loadedBetween = loadedBetween === true || loaded;
  }
}
const result: LoadResult = {
  codes: [...codes],
  calls: entered[0],
  loadedBetween,
  diagonal: diagonalBy(await loadKernels('native')),
};
console.log(JSON.stringify(result));

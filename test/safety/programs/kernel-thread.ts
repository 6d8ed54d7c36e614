// A worker_threads thread that loads the addon by itself and calls one kernel, once or until it is
// terminated.
import { parentPort, workerData } from 'node:worker_threads';
import type { KernelName, Status } from '../../../src/engine/kernels.js';
import { loadNative } from '../../../src/engine/native.js';

export interface KernelCalls {
  kernel: KernelName;
  job: object;
  /** Advanced before each call. */
  entered: Int32Array;
  /** Infinity: until it is terminated. */
  calls: number;
}

export const KERNEL_THREAD = new URL(import.meta.url);

if (parentPort !== null) {
  const { kernel, job, entered, calls } = workerData as KernelCalls;
  const call = loadNative()?.[kernel] as (job: object) => Status;
  for (let i = 0; i < calls; i++) {
    Atomics.add(entered, 0, 1);
    const { outcome } = call(job);
    if (outcome !== 'done') throw new Error(`${kernel}: ${outcome}`);
  }
}

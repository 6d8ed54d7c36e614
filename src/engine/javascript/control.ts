import { BLOCKS_DONE, CANCEL, type Status } from '../kernels.js';

export const DONE: Status = { outcome: 'done', value: 0 };
export const CANCELLED: Status = { outcome: 'cancelled', value: 0 };

/** Whether the main thread asked to stop; looked at between rows, at least every 10 ms of work. */
export function cancelled(control: Int32Array): boolean {
  return Atomics.load(control, CANCEL) !== 0;
}

/** Counts a finished block. */
export function blockDone(control: Int32Array): void {
  Atomics.add(control, BLOCKS_DONE, 1);
}

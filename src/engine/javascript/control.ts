import { BLOCKS_DONE, CANCEL, type Status } from '../kernels.js';

export const DONE: Status = { outcome: 'done', value: 0 };
export const CANCELLED: Status = { outcome: 'cancelled', value: 0 };

/** Multiplications between two looks at the control word: about a millisecond. */
const WORK = 1 << 20;

/** Whether the main thread asked to stop; looked at at least every 10 ms of work. */
export function cancelled(control: Int32Array): boolean {
  return Atomics.load(control, CANCEL) !== 0;
}

/** Counts a finished block. */
export function blockDone(control: Int32Array): void {
  Atomics.add(control, BLOCKS_DONE, 1);
}

/** Looks at the control word once a millisecond of work was reported, for loops of uneven steps. */
export class Stop {
  readonly #control: Int32Array;
  #work = 0;

  constructor(control: Int32Array) {
    this.#control = control;
  }

  /** Reports multiplications that were made. True: stop. */
  after(work: number): boolean {
    this.#work += work;
    if (this.#work < WORK) return false;
    this.#work = 0;
    return cancelled(this.#control);
  }
}

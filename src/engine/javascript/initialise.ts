import type { InitialiseJob, Status } from '../kernels.js';
import { stateAt } from './block-factor.js';
import { blockDone, CANCELLED, cancelled, DONE } from './control.js';
import { packedRow } from './packed-triangle.js';

/** The state before any sample: S = 0, or P = I/λ. */
export function initialise(job: InitialiseJob): Status {
  const { starts, from, to, control, states, solver, damping } = job;
  for (let block = from; block < to; block++) {
    if (cancelled(control)) return CANCELLED;
    if (solver === 'dual') continue; // no samples yet, nothing to clear
    const order = starts[block + 1] - starts[block];
    const at = stateAt(job, block);
    states.fill(0, at, at + packedRow(order));
    if (solver === 'woodbury') {
      for (let i = 0; i < order; i++) states[at + packedRow(i) + i] = 1 / damping;
    }
    blockDone(control);
  }
  return DONE;
}

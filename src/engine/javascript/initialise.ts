import type { InitialiseJob, Status } from '../kernels.js';
import { stateAt } from './block-factor.js';
import { blockDone, CANCELLED, cancelled, DONE } from './control.js';
import { packedRow } from './packed-triangle.js';

/** Rows that are cleared between two looks at the control word. */
const ROWS = 64;

/** The state before any sample: S = 0, or P = I/λ. dual: there is nothing to clear. */
export function initialise(job: InitialiseJob): Status {
  const { starts, from, to, control, states, solver, damping } = job;
  for (let block = from; block < to; block++) {
    if (cancelled(control)) return CANCELLED;
    const order = solver === 'dual' ? 0 : starts[block + 1] - starts[block];
    const at = stateAt(job, block);
    for (let row = 0; row < order; row += ROWS) {
      if (cancelled(control)) return CANCELLED;
      states.fill(0, at + packedRow(row), at + packedRow(Math.min(row + ROWS, order)));
    }
    if (solver === 'woodbury') {
      for (let i = 0; i < order; i++) states[at + packedRow(i) + i] = 1 / damping;
    }
    blockDone(control);
  }
  return DONE;
}

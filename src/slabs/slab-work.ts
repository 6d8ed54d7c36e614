import type { RunContext } from '../pool/run-context.js';
import type { PhaseClock } from '../progress/phase-clock.js';
import type { SlabRun } from './slab-run.js';
import { SlabsAhead } from './slabs-ahead.js';

/** What every pass over the slabs works with. */
export interface SlabWork {
  context: RunContext;
  run: SlabRun;
  clock: PhaseClock;
  ahead: SlabsAhead;
}

/** The work of a run, or of a step of it. */
export function slabWork(context: RunContext, run: SlabRun, clock: PhaseClock): SlabWork {
  return { context, run, clock, ahead: new SlabsAhead(run) };
}

import { PhaseClock } from '../progress/phase-clock.js';
import { pruneSlabStep } from './prune-step.js';
import { withSlabContext } from './slab-context.js';
import type { SlabRun, SlabRunResult } from './slab-run.js';
import { slabWork } from './slab-work.js';

/**
 * Prunes a model a slab at a time, with the results of prune() to the bit for the same batches: scores
 * of all slabs go to disk, one threshold is found over them, and then each slab is cut and updated.
 */
export async function pruneInSlabs(run: SlabRun): Promise<SlabRunResult> {
  return await withSlabContext(run, async (context) => {
    const clock = new PhaseClock(() => context.lease.peakBytes);
    const { tensors, scores, statistics } = await pruneSlabStep(slabWork(context, run, clock));
    return { tensors, scores, statistics: await statistics() };
  });
}

import { RunContext } from '../pool/run-context.js';
import { slabMeter } from './slab-memory.js';
import { largestOf, type SlabPlan } from './slab-plan.js';
import type { SlabRun } from './slab-run.js';

/** Does work in slabs with the memory and the threads of a run. */
export async function withSlabContext<T>(
  { plan, settings, engine, input }: SlabRun,
  work: (context: RunContext) => Promise<T>,
): Promise<T> {
  const context = new RunContext(engine, settings.threads, {
    signal: input.signal,
    memory: arrayLimit(plan),
    repeats: true,
  });
  try {
    return await work(context);
  } finally {
    await context.dispose();
  }
}

/** Bytes of arrays in use at one time, with those that are kept for the next; scratch comes on top. */
function arrayLimit({ run, slabs, bytes }: SlabPlan): number {
  const needsOf = slabMeter(run);
  const scratch = largestOf(slabs, (slab) => needsOf(slab).scratch);
  const arrays = largestOf(slabs, (slab) => {
    const { shared, selection } = needsOf(slab);
    return Math.max(shared, selection);
  });
  return Math.max(bytes.memory - scratch, arrays);
}

import { addTraces } from '../slab-damping.js';
import type { SlabRecord } from '../slab-records.js';
import { keepState } from '../slab-state.js';
import type { SlabWork } from '../slab-work.js';
import { slabFisher } from './fisher.js';
import { load, prunedBeforeOf } from './load.js';
import { passOver } from './pass.js';

/** Sums the gradients of each slab up, for the traces that a relative damping needs. */
export async function sumsPass(work: SlabWork): Promise<SlabRecord[]> {
  const { plan, records } = work.run;
  return await passOver(work, 'sums', async (k, before) => {
    const loaded = await load(work, k);
    const fisher = await slabFisher(work, k, loaded, undefined, 1);
    return {
      prunedBefore: prunedBeforeOf(loaded),
      traces: await addTraces(plan, k, fisher, before),
      ...(fisher !== undefined &&
        plan.keepsState && { state: await keepState(records, k, fisher.state) }),
    };
  });
}

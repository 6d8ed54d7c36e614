import type { PrunedTensor } from '../../files/pruned-model.js';
import { keepResults, resultTensors } from '../slab-results.js';
import type { SlabWork } from '../slab-work.js';
import { load, prunedBeforeOf } from './load.js';
import { passOver } from './pass.js';

/** Brings the model into the folder of the run, as it is before the first step. */
export async function startPass(work: SlabWork): Promise<PrunedTensor[]> {
  const { context, run } = work;
  const { plan, records } = run;
  await passOver(work, 'start', async (k) => {
    const loaded = await load(work, k);
    const masks = loaded.map(({ parameter }) => parameter.mask);
    await keepResults(context, records, k, loaded, masks);
    return { prunedBefore: prunedBeforeOf(loaded) };
  });
  return resultTensors(plan.run.shapes, plan.slabs, records);
}

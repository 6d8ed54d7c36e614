import type { Lambda } from '../../fisher/lambda.js';
import { select } from '../../selection/select.js';
import { scoreStep, updateStep } from '../../steps/pruning-step.js';
import type { SlabRecord } from '../slab-records.js';
import { keepResults } from '../slab-results.js';
import type { SlabWork } from '../slab-work.js';
import { slabFisher } from './fisher.js';
import { load } from './load.js';
import { passOver } from './pass.js';
import { scoredRecord } from './scored-record.js';
import { updatingInput } from './step-input.js';

/** Pattern n:m: scores, chooses and updates each slab. */
export async function choosePass(
  work: SlabWork,
  damping: Lambda,
  sums: readonly SlabRecord[],
): Promise<SlabRecord[]> {
  const { context, run, clock } = work;
  const { settings, records } = run;
  return await passOver(work, 'apply', async (k, before) => {
    const loaded = await load(work, k);
    const fisher = await slabFisher(work, k, loaded, sums[k]?.state, damping);
    const step = updatingInput(run, k, loaded, fisher, before);
    const scored = await scoreStep(context, settings, clock, step);
    const { masks, pruned } = await clock.time('select', () => select(context, scored.ranking));
    const record = await scoredRecord(work, k, loaded, fisher, scored, before);
    const { changes } = await updateStep(context, settings, clock, step, masks, scored.h);
    await keepResults(context, records, k, loaded, masks);
    return { ...record, pruned, changes };
  });
}

import type { Lambda } from '../../fisher/lambda.js';
import { scoreStep } from '../../steps/pruning-step.js';
import type { SlabRecord } from '../slab-records.js';
import { keepState } from '../slab-state.js';
import type { SlabWork } from '../slab-work.js';
import { slabFisher } from './fisher.js';
import { load } from './load.js';
import { passOver } from './pass.js';
import { scoredRecord } from './scored-record.js';
import { stepInput } from './step-input.js';

/** Scores each slab, and keeps its Fisher where that is planned and `sums` has not kept it. */
export async function scorePass(
  work: SlabWork,
  damping: Lambda,
  sums: readonly SlabRecord[],
): Promise<SlabRecord[]> {
  const { context, run, clock } = work;
  const { settings, plan, records } = run;
  return await passOver(work, 'score', async (k, before) => {
    const saved = sums[k]?.state;
    const loaded = await load(work, k);
    const fisher = await slabFisher(work, k, loaded, saved, damping);
    const scored = await scoreStep(context, settings, clock, stepInput(run, loaded, fisher));
    const keeps = fisher !== undefined && plan.keepsState && saved === undefined;
    return {
      ...(await scoredRecord(work, k, loaded, fisher, scored, before)),
      ...(keeps && { state: await keepState(records, k, fisher.state) }),
    };
  });
}

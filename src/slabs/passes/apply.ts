import type { SlabRecord } from '../slab-records.js';
import { keepResults } from '../slab-results.js';
import type { SlabWork } from '../slab-work.js';
import { prunedBeforeOf } from './load.js';
import { passOver } from './pass.js';
import { updatingInput } from './step-input.js';
import { readySlab, type Selected, updateSlab } from './update.js';

/** Cuts and updates each slab, with α = step. */
export async function applyPass(
  work: SlabWork,
  selected: Selected,
  step: number | undefined,
): Promise<SlabRecord[]> {
  const { context, run } = work;
  return await passOver(work, 'apply', async (k, before) => {
    const ready = await readySlab(work, k, selected);
    const { loaded, masks, pruned, fisher } = ready;
    const input = updatingInput(run, k, loaded, fisher, before);
    const changes = await updateSlab(work, input, ready, step);
    await keepResults(context, run.records, k, loaded, masks);
    return { prunedBefore: prunedBeforeOf(loaded), pruned, changes };
  });
}

import { copyInPieces } from '../../memory/pieces.js';
import type { LoadedSlice } from '../loaded-slice.js';
import { keepResults } from '../slab-results.js';
import type { SlabWork } from '../slab-work.js';
import { prunedBeforeOf } from './load.js';
import { passOver } from './pass.js';
import { stepInput } from './step-input.js';
import { readySlab, type Selected, updateSlab } from './update.js';

const ENDS = [
  ['zero', 0],
  ['one', 1],
] as const;

/** Writes what becomes of each slab with α = 0, and with α = 1. */
export async function searchPass(work: SlabWork, selected: Selected): Promise<void> {
  const { context, run } = work;
  await passOver(work, 'search', async (k) => {
    const ready = await readySlab(work, k, selected);
    const { loaded, masks, fisher } = ready;
    for (const [what, alpha] of ENDS) {
      const giveBack = context.lease.mark();
      const copies = await copiesOf(work, loaded);
      await updateSlab(work, stepInput(run, copies, fisher), ready, alpha);
      await keepResults(context, run.records, k, copies, masks, what);
      giveBack();
    }
    return { prunedBefore: prunedBeforeOf(loaded) };
  });
}

/** The slices with weights of their own. */
async function copiesOf(
  { context }: SlabWork,
  loaded: readonly LoadedSlice[],
): Promise<LoadedSlice[]> {
  const copies: LoadedSlice[] = [];
  for (const one of loaded) {
    const weights = context.lease.float32(one.parameter.size);
    await copyInPieces(one.parameter.weights, weights);
    copies.push({ ...one, parameter: { ...one.parameter, weights } });
  }
  return copies;
}

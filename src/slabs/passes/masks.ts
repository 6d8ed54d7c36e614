import { groupModel } from '../../groups/group-model.js';
import { countPruned, spreadMasks } from '../../groups/spread-masks.js';
import { copyInPieces } from '../../memory/pieces.js';
import { costsOf } from '../../selection/budgets.js';
import { applyCutsTo, type Cut } from '../../selection/cut.js';
import type { RankedLists, UnitPart } from '../../selection/ranked-lists.js';
import type { LoadedSlice } from '../loaded-slice.js';
import { slabParts } from '../slab-scores.js';
import type { SlabWork } from '../slab-work.js';

/** What is kept of a slab, and how many weights of each slice are pruned. */
export interface SlabMasks {
  masks: Uint8Array[];
  pruned: number[];
}

/** The masks of slab k by the cuts, from its scores on disk. */
export async function slabMasks(
  work: SlabWork,
  k: number,
  loaded: readonly LoadedSlice[],
  { lists }: RankedLists,
  cuts: readonly Cut[],
): Promise<SlabMasks> {
  const { plan, settings, records } = work.run;
  const { lease } = work.context;
  const masks = loaded.map(({ parameter }) => lease.uint8(parameter.size));
  const giveBack = lease.mark();
  const costs = costsOf(settings.budgets, plan.run.shapes);
  const path = records.path('scores', k);
  const parts = await slabParts(work.context, plan.slabs[k], path, lists, costs);
  const found = await cutParts(work, loaded, parts, cuts);
  for (const [i, mask] of found.masks.entries()) await copyInPieces(mask, masks[i]);
  giveBack();
  return { masks, pruned: found.pruned };
}

/** Masks of weights, from the cuts of what was ranked. */
async function cutParts(
  { context, run }: SlabWork,
  loaded: readonly LoadedSlice[],
  parts: readonly UnitPart[],
  cuts: readonly Cut[],
): Promise<SlabMasks> {
  const { pattern } = run.settings;
  const found = await applyCutsTo(context, parts, cuts);
  if (pattern.kind === 'unstructured') return found;
  const parameters = loaded.map(({ parameter }) => parameter);
  const model = await groupModel(context.lease, parameters, pattern);
  const masks = await spreadMasks(context, parameters, model, found.masks);
  return { masks, pruned: await countPruned(parameters, masks) };
}

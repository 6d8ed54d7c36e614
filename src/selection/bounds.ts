import { WoodFisherError } from '../errors.js';
import { inPieces } from '../memory/pieces.js';
import type { RunContext } from '../pool/run-context.js';
import { type Amount, weightsToPrune } from './amounts.js';
import type { ByName } from './budgets.js';
import {
  amountBefore,
  applyCuts,
  type Cut,
  cutAtRank,
  EVERYTHING,
  earlierOf,
  laterOf,
  NOTHING,
} from './cut.js';
import type { Units } from './units.js';

/** Sparsity of each parameter at least and at most. */
export interface Bounds {
  minSparsity?: number | ByName<number>;
  maxSparsity?: number | ByName<number>;
}

/**
 * One threshold over all lists, with floors and ceilings for each of them. What lies before a list's
 * floor goes in any case and what lies behind its ceiling never does, so that the threshold is that of
 * the units between: the total is as exact as without bounds. Where groups are too coarse for both, the
 * floor holds.
 */
export async function boundedCuts(
  context: RunContext,
  lists: readonly Units[],
  amounts: readonly Amount[],
  bounds: Bounds,
): Promise<Cut[]> {
  const floors: Cut[] = [];
  const ceilings: Cut[] = [];
  for (const units of lists) {
    const floor = await floorOf(context, units, of(bounds.minSparsity, units));
    floors.push(floor);
    ceilings.push(laterOf(floor, await ceilingOf(context, units, of(bounds.maxSparsity, units))));
  }
  const between = await unitsBetween(context, lists, floors, ceilings);
  let cuts = floors;
  for (const amount of amounts) {
    const needed = await cutsBetween(context, { lists, between, floors, ceilings }, amount);
    cuts = cuts.map((cut, i) => laterOf(cut, earlierOf(needed[i], ceilings[i])));
  }
  for (const { mask } of between) context.lease.release(mask);
  return cuts;
}

function of(bound: number | ByName<number> | undefined, { name }: Units): number | undefined {
  return typeof bound === 'object' ? bound[name ?? ''] : bound;
}

async function floorOf(context: RunContext, units: Units, sparsity = 0): Promise<Cut> {
  const { count } = weightsToPrune(sparsity, [units]);
  if (count <= 0) return NOTHING;
  const most = units.totals.weights.inUnits;
  if (count > most) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      `minSparsity ${sparsity} asks for ${count} more weights of parameter "${units.name}" to be pruned, but whole groups hold ${most}`,
      { option: 'minSparsity', parameter: units.name, value: sparsity },
    );
  }
  const [cut] = await cutAtRank(context, [units], count - 1, 'weights', 'behind');
  return cut;
}

async function ceilingOf(context: RunContext, units: Units, sparsity?: number): Promise<Cut> {
  if (sparsity === undefined) return EVERYTHING;
  const { count } = weightsToPrune(sparsity, [units]);
  if (count <= 0) return NOTHING;
  const most = units.totals.weights.inUnits;
  if (count >= most) return EVERYTHING;
  const [cut] = await cutAtRank(context, [units], count, 'weights', 'before');
  return cut;
}

/** The lists with masks of what lies behind the floor and before the ceiling. */
async function unitsBetween(
  context: RunContext,
  lists: readonly Units[],
  floors: readonly Cut[],
  ceilings: readonly Cut[],
): Promise<Units[]> {
  const { masks: behindFloor } = await applyCuts(context, lists, floors);
  const { masks: behindCeiling } = await applyCuts(context, lists, ceilings);
  for (const [i, mask] of behindFloor.entries()) {
    await inPieces(mask.length, (begin, end) => {
      for (let c = begin; c < end; c++) mask[c] -= behindCeiling[i][c];
    });
    context.lease.release(behindCeiling[i]);
  }
  return lists.map((units, i) => ({ ...units, mask: behindFloor[i] }));
}

/** The threshold for what the floors do not prune already. */
async function cutsBetween(
  context: RunContext,
  {
    lists,
    between,
    floors,
    ceilings,
  }: {
    lists: readonly Units[];
    between: readonly Units[];
    floors: readonly Cut[];
    ceilings: readonly Cut[];
  },
  { currency, option, count }: Amount,
): Promise<readonly Cut[]> {
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const before = sum(await amountBefore(context, lists, floors, currency));
  if (count <= before) return floors;
  const most = sum(await amountBefore(context, lists, ceilings, currency));
  if (count > most) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      `${option} asks for ${count} more ${currency} to be pruned, but maxSparsity leaves ${most}; raise it, or ask for less`,
      { option, value: count },
    );
  }
  return await cutAtRank(context, between, count - before - 1, currency, 'behind');
}

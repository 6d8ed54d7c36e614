import { WoodFisherError } from '../errors.js';
import { inPieces } from '../memory/pieces.js';
import type { RunContext } from '../pool/run-context.js';
import { type Amount, weightsToPrune } from './amounts.js';
import type { ByName } from './budgets.js';
import {
  amountBefore,
  applyCutsTo,
  type Cut,
  cutAtRank,
  EVERYTHING,
  earlierOf,
  laterOf,
  NOTHING,
} from './cut.js';
import { onlyList, type RankedLists, type UnitList, type UnitPart } from './ranked-lists.js';

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
  lists: RankedLists,
  amounts: readonly Amount[],
  bounds: Bounds,
): Promise<Cut[]> {
  const floors: Cut[] = [];
  const ceilings: Cut[] = [];
  for (const [i, list] of lists.lists.entries()) {
    const single = onlyList(lists, i);
    const floor = await floorOf(context, single, of(bounds.minSparsity, list));
    floors.push(floor);
    ceilings.push(laterOf(floor, await ceilingOf(context, single, of(bounds.maxSparsity, list))));
  }
  const between = unitsBetween(context, lists, floors, ceilings);
  let cuts = floors;
  for (const amount of amounts) {
    const needed = await cutsBetween(context, { lists, between, floors, ceilings }, amount);
    cuts = cuts.map((cut, i) => laterOf(cut, earlierOf(needed[i], ceilings[i])));
  }
  return cuts;
}

function of(bound: number | ByName<number> | undefined, { name }: UnitList): number | undefined {
  return typeof bound === 'object' ? bound[name ?? ''] : bound;
}

async function floorOf(context: RunContext, single: RankedLists, sparsity = 0): Promise<Cut> {
  const { count } = weightsToPrune(sparsity, single.lists);
  if (count <= 0) return NOTHING;
  const [{ name, totals }] = single.lists;
  const most = totals.weights.inUnits;
  if (count > most) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      `minSparsity ${sparsity} asks for ${count} more weights of parameter "${name}" to be pruned, but whole groups hold ${most}`,
      { option: 'minSparsity', parameter: name, value: sparsity },
    );
  }
  const [cut] = await cutAtRank(context, single, count - 1, 'weights', 'behind');
  return cut;
}

async function ceilingOf(
  context: RunContext,
  single: RankedLists,
  sparsity?: number,
): Promise<Cut> {
  if (sparsity === undefined) return EVERYTHING;
  const { count } = weightsToPrune(sparsity, single.lists);
  if (count <= 0) return NOTHING;
  const most = single.lists[0].totals.weights.inUnits;
  if (count >= most) return EVERYTHING;
  const [cut] = await cutAtRank(context, single, count, 'weights', 'before');
  return cut;
}

/** The lists with masks of what lies behind the floor and before the ceiling. */
function unitsBetween(
  context: RunContext,
  { lists, visit }: RankedLists,
  floors: readonly Cut[],
  ceilings: readonly Cut[],
): RankedLists {
  return {
    lists,
    visit: (work, only) =>
      visit(async (parts) => {
        const masks = await masksBetween(context, parts, floors, ceilings);
        try {
          await work(
            parts.map(({ list, units }, i) => ({ list, units: { ...units, mask: masks[i] } })),
          );
        } finally {
          for (const mask of masks) context.lease.release(mask);
        }
      }, only),
  };
}

async function masksBetween(
  context: RunContext,
  parts: readonly UnitPart[],
  floors: readonly Cut[],
  ceilings: readonly Cut[],
): Promise<Uint8Array[]> {
  const { masks: behindFloor } = await applyCutsTo(context, parts, floors);
  const { masks: behindCeiling } = await applyCutsTo(context, parts, ceilings);
  for (const [i, mask] of behindFloor.entries()) {
    await inPieces(mask.length, (begin, end) => {
      for (let c = begin; c < end; c++) mask[c] -= behindCeiling[i][c];
    });
    context.lease.release(behindCeiling[i]);
  }
  return behindFloor;
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
    lists: RankedLists;
    between: RankedLists;
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

import type { Totals, Units } from './units.js';

/** What is known of a list of units without its scores. */
export interface UnitList {
  /** The parameter's name; named sets of several parameters have none. */
  name?: string;
  totals: Units['totals'];
}

/** Units in memory that belong to a list: all of it, or a part. */
export interface UnitPart {
  /** Position of the list. */
  list: number;
  units: Units;
}

/**
 * Lists of units that are ranked together, whether all of their scores are in memory or a part at a
 * time. Every pass of a selection is a `visit`; what parts give is added up, so that a threshold is the
 * same however lists are cut into parts.
 */
export interface RankedLists {
  lists: readonly UnitList[];
  /**
   * Brings the parts of the lists into memory, one call of `work` after the other until each part was
   * there once. They are valid until `work` has ended.
   *
   * @param only Positions of the lists that are wanted. Default: all.
   */
  visit(
    work: (parts: readonly UnitPart[]) => Promise<void>,
    only?: ReadonlySet<number>,
  ): Promise<void>;
}

/** Lists whose units are all in memory. */
export function listsInMemory(all: readonly Units[]): RankedLists {
  return {
    lists: all,
    visit: (work, only) =>
      work(
        all.flatMap((units, list) => (only === undefined || only.has(list) ? { list, units } : [])),
      ),
  };
}

/** One list by itself. */
export function onlyList({ lists, visit }: RankedLists, index: number): RankedLists {
  return {
    lists: [lists[index]],
    visit: (work) =>
      visit((parts) => work(parts.map(({ units }) => ({ list: 0, units }))), new Set([index])),
  };
}

/** Sums of totals. */
export function addTotals(a: Totals, b: Totals): Totals {
  return {
    all: a.all + b.all,
    prunedBefore: a.prunedBefore + b.prunedBefore,
    inUnits: a.inUnits + b.inUnits,
  };
}

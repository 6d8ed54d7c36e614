import { addTotals, type UnitList } from './ranked-lists.js';
import type { Currency, Totals } from './units.js';

/** How much of something has to go. */
export interface Amount {
  currency: Exclude<Currency, 'units'>;
  /** The option that asks for it. */
  option: string;
  count: number;
}

/** Weights of `size` that a sparsity prunes: rounded half up. */
export function prunedCount(sparsity: number, size: number): number {
  return Math.floor(sparsity * size + 0.5);
}

/** Weights that a sparsity prunes beside those that are gone. */
export function weightsToPrune(
  sparsity: number,
  lists: readonly Pick<UnitList, 'totals'>[],
): Amount {
  const { all, prunedBefore } = totalsTogether(lists, 'weights');
  const count = prunedCount(sparsity, all) - prunedBefore;
  return { currency: 'weights', option: 'sparsity', count };
}

/** FLOPs that a target leaves at most; up to 1 it is a fraction of the dense ones. */
export function flopsLeft(target: number, dense: number): number {
  return Math.floor(target <= 1 ? target * dense : target);
}

/** FLOPs that have to go for a target. */
export function flopsToPrune(target: number, lists: readonly Pick<UnitList, 'totals'>[]): Amount {
  const { all, prunedBefore } = totalsTogether(lists, 'flops');
  const count = all - prunedBefore - flopsLeft(target, all);
  return { currency: 'flops', option: 'targetFlops', count };
}

/** Totals of several lists as one. */
export function totalsTogether(
  lists: readonly Pick<UnitList, 'totals'>[],
  currency: Amount['currency'],
): Totals {
  return lists.reduce((sum, { totals }) => addTotals(sum, totals[currency]), {
    all: 0,
    prunedBefore: 0,
    inUnits: 0,
  });
}

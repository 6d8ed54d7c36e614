import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import type { AxisOrder } from '../engine/kernels.js';

/** In what a budget is counted. */
export type Currency = 'units' | 'weights' | 'flops';

/** What unit c counts: each[c] · factor, or factor where `each` is absent. Whole numbers. */
export interface Amounts {
  each?: Float64Array;
  factor: number;
}

/** Sums over weights that can be pruned by some budget. */
export interface Totals {
  /** Those pruned before included. */
  all: number;
  prunedBefore: number;
  /** Those still there that some unit holds. */
  inUnits: number;
}

/**
 * What is ranked and cut: the weights of a parameter, or groups of weights. Arrays have `size` entries,
 * one a unit; `starts` cuts them into ranges for tasks.
 */
export interface Units {
  /** The parameter's name, for messages and bounds; named sets of several parameters have none. */
  name?: string;
  size: number;
  /** Where units stand in the model's layout; it decides ties. */
  order: AxisOrder;
  starts: Uint32Array;
  blockCount: number;
  blockOrder: number;
  /** 1 = may be pruned. */
  mask: Uint8Array;
  /** ≥ 0; the lower, the earlier a unit is pruned. */
  scores: Float64Array;
  amounts: Readonly<Record<Exclude<Currency, 'units'>, Amounts>>;
  totals: Readonly<Record<Exclude<Currency, 'units'>, Totals>>;
}

const ONE: Amounts = { factor: 1 };

export function amountsOf(units: Units, currency: Currency): Amounts {
  return currency === 'units' ? ONE : units.amounts[currency];
}

/** Single weights as units. `costs`: FLOPs of a weight, by parameter. */
export function weightUnits(
  parameters: readonly BlockedParameter[],
  scores: readonly Float64Array[],
  costs: readonly number[],
): Units[] {
  return parameters.map((parameter, i) => {
    const { name, size, order, starts, blockCount, blockOrder, mask } = parameter;
    return {
      ...{ name, size, order, starts, blockCount, blockOrder, mask },
      scores: scores[i],
      amounts: { weights: ONE, flops: { factor: costs[i] } },
      totals: totalsOf([parameter], [costs[i]]),
    };
  });
}

/** Weights and FLOPs of parameters; `dense`: weights still there that are in no unit, of each. */
export function totalsOf(
  parameters: readonly Pick<BlockedParameter, 'modelSize' | 'prunedBefore'>[],
  costs: readonly number[],
  dense: readonly number[] = [],
): Units['totals'] {
  const totals = (costOf: (i: number) => number): Totals => {
    const sum = { all: 0, prunedBefore: 0, inUnits: 0 };
    parameters.forEach(({ modelSize, prunedBefore }, i) => {
      sum.all += modelSize * costOf(i);
      sum.prunedBefore += prunedBefore * costOf(i);
      sum.inUnits += (modelSize - prunedBefore - (dense[i] ?? 0)) * costOf(i);
    });
    return sum;
  };
  return { weights: totals(() => 1), flops: totals((i) => costs[i]) };
}

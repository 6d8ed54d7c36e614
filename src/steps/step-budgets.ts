import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { flopsLeft } from '../selection/amounts.js';
import { type Budgets, type ByName, costsOf } from '../selection/budgets.js';
import { totalsOf } from '../selection/units.js';
import { removingEachTime, type Schedule, sparsities } from './schedule.js';

type Counted = Pick<BlockedParameter, 'name' | 'modelSize' | 'prunedBefore'>;

/**
 * The budgets after each step; the last are the goal. Sparsities and FLOPs go to theirs by the
 * schedule, floors by the same share of their way as the schedule makes to the whole of it (so that
 * they never ask for more than the sparsity), ceilings hold from the first step on.
 */
export function stepBudgets(
  schedule: Schedule,
  steps: number,
  goal: Budgets,
  parameters: readonly Counted[],
): Budgets[] {
  if (steps === 1) return [goal];
  const before = prunedShares(parameters);
  const whole = shareOf(parameters);
  const { sparsity, minSparsity, targetFlops } = goal;
  const towards = (from: number, to: number): number[] => sparsities(schedule, steps, from, to);
  const weights = totalsOf(parameters, []).weights;
  const totals =
    typeof sparsity === 'number'
      ? removingEachTime(towards(whole, sparsity), weights.all, weights.prunedBefore)
      : [];
  const byName =
    typeof sparsity === 'object' ? mapValues(sparsity, (s, name) => towards(before[name], s)) : {};
  const { all, prunedBefore } = totalsOf(parameters, costsOf(goal, parameters)).flops;
  const left = targetFlops === undefined ? 1 : flopsLeft(targetFlops, all) / all;
  const flops = towards(prunedBefore / all, 1 - left);
  const progress = (k: number): number =>
    typeof sparsity === 'number'
      ? shareOfWay(whole, totals[k], sparsity)
      : shareOfWay(prunedBefore / all, flops[k], 1 - left);
  const floors = (k: number) =>
    minSparsity === undefined
      ? undefined
      : Object.fromEntries(
          parameters.map(({ name, modelSize }) => {
            const floor = typeof minSparsity === 'object' ? (minSparsity[name] ?? 0) : minSparsity;
            const at = before[name] + progress(k) * (floor - before[name]);
            // Floors are rounded down on the way: together they must not exceed a rounded total.
            return [name, Math.max(0, Math.floor(at * modelSize) / modelSize)];
          }),
        );
  const onTheWay = Array.from(
    { length: steps - 1 },
    (_, k): Budgets => ({
      ...goal,
      sparsity: typeof sparsity === 'object' ? mapValues(byName, (values) => values[k]) : totals[k],
      minSparsity: floors(k),
      targetFlops: targetFlops === undefined ? undefined : 1 - flops[k],
    }),
  );
  return [...onTheWay, goal];
}

/** How far `now` is on the way from `from` to `to`. */
function shareOfWay(from: number, now: number, to: number): number {
  return to > from ? (now - from) / (to - from) : 1;
}

function prunedShares(parameters: readonly Counted[]): Record<string, number> {
  return Object.fromEntries(
    parameters.map(({ name, modelSize, prunedBefore }) => [name, prunedBefore / modelSize]),
  );
}

function shareOf(parameters: readonly Counted[]): number {
  const { all, prunedBefore } = totalsOf(parameters, []).weights;
  return prunedBefore / all;
}

function mapValues<T, U>(values: ByName<T>, of: (value: T, name: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, of(value, name)]));
}

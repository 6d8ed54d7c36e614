import type { BlockShape } from '../fisher/block-shape.js';
import type { SlabPlan } from './slab-plan.js';
import type { SlabRecord } from './slab-records.js';

/** A list by slice in a record. */
type ListOf<T> = (record: SlabRecord) => readonly T[] | undefined;

/** A parameter with what was pruned before. */
export type PrunedShape = BlockShape & { prunedBefore: number };

/** What the slabs before have come to, for each parameter of slab k. */
export function lastBefore<T>(
  { slabs }: SlabPlan,
  k: number,
  before: readonly SlabRecord[],
  of: ListOf<T>,
  none: T,
): T[] {
  return slabs[k].map(({ index }) => {
    for (let j = Math.min(before.length, k) - 1; j >= 0; j--) {
      const at = slabs[j].findIndex((slice) => slice.index === index);
      if (at !== -1) return of(before[j])?.[at] ?? none;
    }
    return none;
  });
}

/** By parameter: the value of the last slab that has blocks of it. */
export function finalOf<T>(
  { slabs, run }: SlabPlan,
  all: readonly SlabRecord[],
  of: ListOf<T>,
  none: T,
): T[] {
  const values = run.shapes.map(() => none);
  for (const [k, slab] of slabs.entries()) {
    for (const [i, { index }] of slab.entries()) values[index] = of(all[k])?.[i] ?? none;
  }
  return values;
}

/** By parameter: the sum over its slices. */
export function sumOf(plan: SlabPlan, all: readonly SlabRecord[], of: ListOf<number>): number[] {
  return together(plan, all, of, (a, b) => a + b);
}

/** By parameter: the largest of its slices. */
export function maximumOf(
  plan: SlabPlan,
  all: readonly SlabRecord[],
  of: ListOf<number>,
): number[] {
  return together(plan, all, of, Math.max);
}

function together(
  { slabs, run }: SlabPlan,
  all: readonly SlabRecord[],
  of: ListOf<number>,
  add: (a: number, b: number) => number,
): number[] {
  const values = run.shapes.map(() => 0);
  for (const [k, slab] of slabs.entries()) {
    for (const [i, { index }] of slab.entries()) {
      values[index] = add(values[index], of(all[k])?.[i] ?? 0);
    }
  }
  return values;
}

/** Largest residual of each parameter; null where a slab has none. */
export function largestResiduals(
  { slabs, run }: SlabPlan,
  scored: readonly SlabRecord[],
): (number | null)[] {
  const values = run.shapes.map((): number | null => 0);
  for (const [k, slab] of slabs.entries()) {
    for (const [i, { index }] of slab.entries()) {
      const [one, other] = [values[index], scored[k].residuals?.[i] ?? null];
      values[index] = one === null || other === null ? null : Math.max(one, other);
    }
  }
  return values;
}

/** The parameters with what was pruned before. */
export function prunedShapes(plan: SlabPlan, records: readonly SlabRecord[]): PrunedShape[] {
  const pruned = sumOf(plan, records, ({ prunedBefore }) => prunedBefore);
  return plan.run.shapes.map((shape, i) => ({ ...shape, prunedBefore: pruned[i] }));
}

/** By parameter: weights still there that are in no group. */
export function denseOf(plan: SlabPlan, scored: readonly SlabRecord[]): number[] {
  return sumOf(plan, scored, ({ dense }) => dense);
}

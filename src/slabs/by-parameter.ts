import type { BlockShape } from '../blocks/block-shape.js';
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
  plan: SlabPlan,
  all: readonly SlabRecord[],
  of: ListOf<T>,
  none: T,
): T[] {
  return together(plan, all, of, { first: none, absent: none }, (_, last) => last);
}

/** By parameter: the sum over its slices. */
export function sumOf(plan: SlabPlan, all: readonly SlabRecord[], of: ListOf<number>): number[] {
  return together(plan, all, of, ZERO, (a, b) => a + b);
}

/** By parameter: the largest of its slices. */
export function maximumOf(
  plan: SlabPlan,
  all: readonly SlabRecord[],
  of: ListOf<number>,
): number[] {
  return together(plan, all, of, ZERO, Math.max);
}

/** Largest residual of each parameter; null where a slab has none. */
export function largestResiduals(plan: SlabPlan, scored: readonly SlabRecord[]): (number | null)[] {
  const none: Start<number | null> = { first: 0, absent: null };
  return together(
    plan,
    scored,
    ({ residuals }) => residuals,
    none,
    (a, b) => (a === null || b === null ? null : Math.max(a, b)),
  );
}

/** What the values of a parameter begin with, and what stands where a record has none. */
interface Start<T> {
  first: T;
  absent: T;
}

const ZERO: Start<number> = { first: 0, absent: 0 };

function together<T>(
  { slabs, run }: SlabPlan,
  all: readonly SlabRecord[],
  of: ListOf<T>,
  { first, absent }: Start<T>,
  add: (before: T, value: T) => T,
): T[] {
  const values = run.shapes.map(() => first);
  for (const [k, slab] of slabs.entries()) {
    for (const [i, { index }] of slab.entries()) {
      values[index] = add(values[index], of(all[k])?.[i] ?? absent);
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

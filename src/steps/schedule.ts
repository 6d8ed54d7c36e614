import { optionError } from '../errors.js';
import { checkChoice, DEFAULTS } from '../options.js';

/**
 * How sparsity grows over the steps, from s₀ (pruned already) to s₁, at t of the way. `linear`: by the
 * same amount in each. `geometric`: each step keeps the same share of what is left. `polynomial: p`:
 * s₁ + (s₀ − s₁)(1 − t)ᵖ, fast at first and slowly at the end; `cubic` is the one of p = 3 (Zhu & Gupta
 * 2017, arXiv:1710.01878).
 */
export type Schedule = ScheduleName | { polynomial: number };
export type ScheduleName = 'linear' | 'geometric' | 'cubic';
export const SCHEDULES: readonly ScheduleName[] = ['cubic', 'linear', 'geometric'];

/** Refuses what is no schedule. */
export function checkSchedule(schedule: Schedule | undefined): Schedule {
  if (typeof schedule !== 'object' || schedule === null) {
    return checkChoice('schedule', SCHEDULES, schedule, DEFAULTS.schedule);
  }
  const { polynomial } = schedule;
  if (!(Number.isFinite(polynomial) && polynomial >= 1)) {
    throw optionError('schedule.polynomial', 'a finite number of at least 1', polynomial);
  }
  return { polynomial };
}

/** "cubic"; "polynomial 4" */
export function describeSchedule(schedule: Schedule): string {
  return typeof schedule === 'object' ? `polynomial ${schedule.polynomial}` : schedule;
}

/** Sparsity after each of the steps, from `before` (pruned already) to `target`; the last is `target`. */
export function sparsities(
  schedule: Schedule,
  steps: number,
  before: number,
  target: number,
): number[] {
  if (target <= before) return new Array<number>(steps).fill(target);
  const all: number[] = [];
  for (let k = 1; k < steps; k++) all.push(curve(schedule, k / steps, before, target));
  return [...all, target];
}

/** Sparsity at t in (0, 1) of the way. */
function curve(schedule: Schedule, t: number, before: number, target: number): number {
  switch (schedule) {
    case 'linear':
      return before + (target - before) * t;
    case 'geometric':
      return 1 - (1 - before) * ((1 - target) / (1 - before)) ** t;
    default: {
      const power = schedule === 'cubic' ? 3 : schedule.polynomial;
      return target + (before - target) * (1 - t) ** power;
    }
  }
}

/**
 * The same sparsities of `size` weights, moved so that every step removes at least one weight, as long
 * as there are as many to remove as steps: a steep schedule rounds to the same count at its end.
 */
export function removingEachTime(
  all: readonly number[],
  size: number,
  prunedBefore: number,
): number[] {
  const counts = all.map((sparsity) => Math.floor(sparsity * size + 0.5));
  const last = counts[counts.length - 1];
  const steps = counts.length;
  if (last - prunedBefore < steps) return [...all];
  const out = [...all];
  for (let k = 0; k < steps - 1; k++) {
    const least = (k === 0 ? prunedBefore : counts[k - 1]) + 1;
    const most = last - (steps - 1 - k);
    const count = Math.min(Math.max(counts[k], least), most);
    if (count !== counts[k]) out[k] = count / size;
    counts[k] = count;
  }
  return out;
}

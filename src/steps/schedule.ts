/**
 * How sparsity grows over the steps. `linear`: by the same amount in each. `geometric`: each step keeps
 * the same share of what is left. `cubic`: fast at first and slowly at the end (Zhu & Gupta 2017).
 */
export type Schedule = 'linear' | 'geometric' | 'cubic';
export const SCHEDULES: readonly Schedule[] = ['cubic', 'linear', 'geometric'];

/** Sparsity after each of the steps, from `before` (pruned already) to `target`; the last is `target`. */
export function sparsities(
  schedule: Schedule,
  steps: number,
  before: number,
  target: number,
): number[] {
  if (target <= before) return new Array<number>(steps).fill(target);
  const all: number[] = [];
  for (let k = 1; k < steps; k++) all.push(CURVES[schedule](k / steps, before, target));
  return [...all, target];
}

/** Sparsity at t in (0, 1) of the way. */
type Curve = (t: number, before: number, target: number) => number;

const CURVES: Readonly<Record<Schedule, Curve>> = {
  linear: (t, before, target) => before + (target - before) * t,
  geometric: (t, before, target) => 1 - (1 - before) * ((1 - target) / (1 - before)) ** t,
  cubic: (t, before, target) => target + (before - target) * (1 - t) ** 3,
};

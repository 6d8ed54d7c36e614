import type { GroupGrid } from '../kernels.js';

/**
 * Calls `visit(g, first)` for the groups of [begin, end), which begins and ends where no group is cut:
 * g the group's number, `first` its first weight. False: `visit` returned false and ended it.
 */
export function forEachGroup(
  { size, length, step }: GroupGrid,
  begin: number,
  end: number,
  visit: (g: number, first: number) => boolean,
): boolean {
  const run = length * step;
  const groups = Math.floor(length / size);
  const tile = size * step;
  for (let c = begin; c < end; ) {
    const at = c % run;
    if (at >= groups * tile) {
      c += run - at;
      continue;
    }
    const first = Math.floor(c / run) * groups * step + (at / tile) * step;
    for (let l = 0; l < step; l++) if (!visit(first + l, c + l)) return false;
    c += tile;
  }
  return true;
}

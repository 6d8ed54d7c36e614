import type { ChooseSmallestJob, Status } from '../kernels.js';
import { blockDone, CANCELLED, cancelled } from './control.js';
import { forEachGroup } from './group-grid.js';

/** See ChooseSmallestJob. */
export function chooseSmallest(job: ChooseSmallestJob): Status {
  const { starts, from, to, control, grid, keep, mask, maskAfter, scores, costs } = job;
  let value = 0;
  const visit = (g: number, first: number): boolean => {
    const there: number[] = [];
    for (let i = 0; i < grid.size; i++) {
      const c = first + i * grid.step;
      if (mask[c] !== 0) there.push(c);
    }
    there.sort((a, b) => scores[a] - scores[b] || a - b);
    costs[g] = 0;
    for (const c of there.slice(0, Math.max(0, there.length - keep))) {
      maskAfter[c] = 0;
      costs[g] += scores[c];
      value++;
    }
    return true;
  };
  for (let block = from; block < to; block++) {
    if (cancelled(control)) return CANCELLED;
    maskAfter.set(mask.subarray(starts[block], starts[block + 1]), starts[block]);
    forEachGroup(grid, starts[block], starts[block + 1], visit);
    blockDone(control);
  }
  return { outcome: 'done', value };
}

import type { ChooseSubsetsJob, Status } from '../kernels.js';
import { ofBlock } from './block-factor.js';
import { blockDone, CANCELLED, cancelled, DONE, Stop } from './control.js';
import { firstOrderShift } from './first-order.js';
import { forEachGroup } from './group-grid.js';
import { InverseEntries } from './inverse-entries.js';
import { SubsetSearch } from './subset-search.js';

/** See ChooseSubsetsJob. */
export function chooseSubsets(job: ChooseSubsetsJob): Status {
  const { starts, from, to, control, grid, mask, maskAfter } = job;
  const inverse = new InverseEntries(job);
  const search = new SubsetSearch(grid.size, new Stop(control));
  const shift = firstOrderShift(job);
  let value = 0;
  for (let block = from; block < to; block++) {
    if (cancelled(control)) return CANCELLED;
    const begin = starts[block];
    const end = starts[block + 1];
    maskAfter.set(mask.subarray(begin, end), begin);
    let status: Status = DONE;
    forEachGroup(grid, begin, end, (g, first) => {
      status = chooseInGroup(job, { block, g, first, shift }, inverse, search);
      value += status.value ?? 0;
      return status.outcome === 'done';
    });
    if (status.outcome !== 'done') return ofBlock(status, block);
    blockDone(control);
  }
  return { outcome: 'done', value };
}

/** A group and its block; `shift` is αh by weight. */
interface Place {
  block: number;
  g: number;
  first: number;
  shift: (c: number) => number;
}

/** `value` of the status: how many weights of the group go. */
function chooseInGroup(
  job: ChooseSubsetsJob,
  { block, g, first, shift }: Place,
  inverse: InverseEntries,
  search: SubsetSearch,
): Status {
  const { starts, grid, keep, weights, mask, maskAfter, costs } = job;
  const there: number[] = [];
  for (let i = 0; i < grid.size; i++) {
    const c = first + i * grid.step;
    if (mask[c] !== 0) there.push(c);
  }
  const count = Math.max(0, there.length - keep);
  costs[g] = 0;
  if (count === 0) return DONE;
  const status = inverse.prepare(block);
  if (status.outcome !== 'done') return status;
  const begin = starts[block];
  for (let i = 0; i < there.length; i++) {
    search.weights[i] = weights[there[i]] - shift(there[i]);
    for (let j = 0; j <= i; j++) search.set(i, j, inverse.at(there[i] - begin, there[j] - begin));
  }
  const outcome = search.run(there.length, count);
  if (outcome === 'cancelled') return CANCELLED;
  if (outcome !== 'done') {
    return { outcome: 'not-positive-definite', pivot: there[outcome.pivot] - begin };
  }
  for (let k = 0; k < count; k++) maskAfter[there[search.best[k]]] = 0;
  costs[g] = search.cost;
  return { outcome: 'done', value: count };
}

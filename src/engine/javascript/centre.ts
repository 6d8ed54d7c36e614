import type { CentreJob, Status } from '../kernels.js';
import { stateAt } from './block-factor.js';
import { blockDone, CANCELLED, cancelled, DONE } from './control.js';
import { packedRow } from './packed-triangle.js';

/** S ∓ s sᵀ/N, B² flops a block; see CentreJob. */
export function centre(job: CentreJob): Status {
  const { starts, from, to, control, states, gradientSum, count, sign } = job;
  for (let block = from; block < to; block++) {
    const begin = starts[block];
    const order = starts[block + 1] - begin;
    const at = stateAt(job, block);
    for (let i = 0; i < order; i++) {
      if ((i & 63) === 0 && cancelled(control)) return CANCELLED;
      const row = at + packedRow(i);
      const si = (sign * gradientSum[begin + i]) / count;
      for (let j = 0; j <= i; j++) states[row + j] -= si * gradientSum[begin + j];
    }
    blockDone(control);
  }
  return DONE;
}

import type { MultiplyJob, Status } from '../kernels.js';
import { applyInverse } from './block-factor.js';
import { blockDone, CANCELLED, cancelled, DONE } from './control.js';
import { scratch, widestBlock } from './scratch.js';

/** output = F⁻¹ · input, block by block. */
export function multiply(job: MultiplyJob): Status {
  const { starts, from, to, control, input, output } = job;
  const widest = widestBlock(starts, from, to);
  const l = scratch('factor', widest * widest);
  for (let block = from; block < to; block++) {
    if (cancelled(control)) return CANCELLED;
    const x = input.subarray(starts[block], starts[block + 1]);
    const y = output.subarray(starts[block], starts[block + 1]);
    const status = applyInverse(job, block, x, y, l);
    if (status.outcome !== 'done') return status;
    blockDone(control);
  }
  return DONE;
}

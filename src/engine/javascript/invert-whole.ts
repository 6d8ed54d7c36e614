import type { InvertWholeJob, Status } from '../kernels.js';
import { factorFisher, stateAt } from './block-factor.js';
import { invertFactor } from './cholesky.js';
import { blockDone, CANCELLED, cancelled, DONE, Stop } from './control.js';
import { packedRow } from './packed-triangle.js';
import { scratch, widestBlock } from './scratch.js';

/** F⁻¹ = VᵀV of each block, V = L⁻¹. */
export function invertWhole(job: InvertWholeJob): Status {
  const { starts, from, to, control, inverses } = job;
  const widest = widestBlock(starts, from, to);
  const l = scratch('factor', widest * widest);
  const v = scratch('inverse factor', widest * widest);
  const stop = new Stop(control);
  for (let block = from; block < to; block++) {
    if (cancelled(control)) return CANCELLED;
    const n = starts[block + 1] - starts[block];
    const status = factorFisher(job, block, l);
    if (status.outcome !== 'done') return status;
    if (!invertFactor(l, n, v, control)) return CANCELLED;
    const at = stateAt(job, block);
    inverses.fill(0, at, at + packedRow(n));
    for (let k = 0; k < n; k++) {
      for (let i = 0; i <= k; i++) {
        const row = at + packedRow(i);
        const vki = v[k * n + i];
        for (let j = 0; j <= i; j++) inverses[row + j] += vki * v[k * n + j];
        if (stop.after(i)) return CANCELLED;
      }
    }
    blockDone(control);
  }
  return DONE;
}

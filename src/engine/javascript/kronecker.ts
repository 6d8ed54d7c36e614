import type { KroneckerJob, Status } from '../kernels.js';
import { stateAt } from './block-factor.js';
import { blockDone, CANCELLED, cancelled, DONE, Stop } from './control.js';
import { entry, packedRow } from './packed-triangle.js';
import { scratch, widestBlock } from './scratch.js';

/** P of the blocks out of the inverses of two Kronecker factors; see KroneckerJob. */
export function kronecker(job: KroneckerJob): Status {
  const { starts, from, to, control } = job;
  const column = scratch('column', widestBlock(starts, from, to));
  for (let block = from; block < to; block++) {
    if (cancelled(control)) return CANCELLED;
    if (!fill(job, block)) return CANCELLED;
    const status = holdPruned(job, block, column);
    if (status.outcome !== 'done') return status;
    blockDone(control);
  }
  return DONE;
}

/** P(c, c') = Y(o, o')·X(i, i'). False: cancelled. */
function fill(job: KroneckerJob, block: number): boolean {
  const { starts, states, inner, innerInverse, outerInverse, control } = job;
  const begin = starts[block];
  const order = starts[block + 1] - begin;
  const at = stateAt(job, block);
  const stop = new Stop(control);
  for (let r = 0; r < order; r++) {
    const o = Math.floor((begin + r) / inner);
    const i = (begin + r) % inner;
    const row = at + packedRow(r);
    for (let s = 0; s <= r; ) {
      const other = Math.floor((begin + s) / inner);
      const last = Math.min(r, (other + 1) * inner - 1 - begin); // of the same output
      const y = entry(outerInverse, 0, o, other);
      for (; s <= last; s++) states[row + s] = y * entry(innerInverse, 0, i, (begin + s) % inner);
    }
    if (stop.after(r)) return false;
  }
  return true;
}

/** Takes the weights with mask 0 out of P, one after the other. */
function holdPruned(job: KroneckerJob, block: number, column: Float64Array): Status {
  const { starts, states, mask, damping, control } = job;
  const begin = starts[block];
  const order = starts[block + 1] - begin;
  const at = stateAt(job, block);
  const stop = new Stop(control);
  for (let q = 0; q < order; q++) {
    if (mask[begin + q] !== 0) continue;
    const pivot = states[at + packedRow(q) + q];
    if (!(pivot > 0) || !Number.isFinite(pivot)) {
      return { outcome: 'not-positive-definite', block, pivot: q };
    }
    for (let r = 0; r < order; r++) column[r] = entry(states, at, r, q);
    for (let r = 0; r < order; r++) {
      const row = at + packedRow(r);
      const share = column[r] / pivot;
      if (share !== 0) for (let s = 0; s <= r; s++) states[row + s] -= share * column[s];
      if (stop.after(r)) return CANCELLED;
    }
    for (let r = 0; r < order; r++) {
      const [row, other] = r >= q ? [r, q] : [q, r];
      states[at + packedRow(row) + other] = r === q ? 1 / damping : 0;
    }
  }
  return DONE;
}

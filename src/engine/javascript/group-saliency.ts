import type { GroupSaliencyJob, Status } from '../kernels.js';
import { factorFisher, ofBlock, stateAt } from './block-factor.js';
import { dot, factor, invertFactor, solveLower, transpose } from './cholesky.js';
import { blockDone, CANCELLED, cancelled, DONE, Stop } from './control.js';
import { dualDiagonal } from './dual.js';
import { firstOrderShift } from './first-order.js';
import { entry } from './packed-triangle.js';
import { scratch, widestBlock } from './scratch.js';

/** ½ (w−αh)_Qᵀ [(F⁻¹)_QQ]⁻¹ (w−αh)_Q for each group Q; see GroupSaliencyJob. */
export function groupSaliency(job: GroupSaliencyJob): Status {
  const { starts, from, to, control, offsets, indices, saliencies } = job;
  const widest = widestBlock(starts, from, to);
  const l = scratch('factor', widest * widest);
  const v = scratch('inverse factor', widest * (job.solver === 'dual' ? job.samples : widest));
  let block = from;
  let ready = -1; // the block that v is prepared for
  for (let g = job.groupFrom; g < job.groupTo; g++) {
    if (cancelled(control)) return CANCELLED;
    const group = indices.subarray(offsets[g], offsets[g + 1]);
    if (group.length === 0) {
      saliencies[g] = 0;
      continue;
    }
    for (; group[0] >= starts[block + 1]; block++) blockDone(control);
    if (ready !== block) {
      const status = prepare(job, block, l, v);
      if (status.outcome !== 'done') return status;
      ready = block;
    }
    const status = one(job, g, group, block, v);
    if (status.outcome !== 'done') return ofBlock(status, block);
  }
  for (; block < to; block++) blockDone(control);
  return DONE;
}

/** gram: v = L⁻ᵀ; dual: v = W. */
function prepare(job: GroupSaliencyJob, block: number, l: Float64Array, v: Float64Array): Status {
  const order = job.starts[block + 1] - job.starts[block];
  if (job.solver === 'dual') return dualDiagonal(job, block, v, scratch('x', order));
  if (job.solver === 'woodbury') return DONE;
  const status = factorFisher(job, block, l);
  if (status.outcome !== 'done') return status;
  if (!invertFactor(l, order, v, job.control)) return CANCELLED;
  return transpose(v, order, job.control) ? DONE : CANCELLED;
}

/** (F⁻¹)_pq of the block that v is prepared for. */
function inverseEntry(
  job: GroupSaliencyJob,
  block: number,
  v: Float64Array,
  p: number,
  q: number,
): number {
  const order = job.starts[block + 1] - job.starts[block];
  if (job.solver === 'woodbury') return entry(job.states, stateAt(job, block), p, q);
  if (job.solver === 'gram') {
    const first = Math.max(p, q); // rows of L⁻ᵀ are 0 before their diagonal
    return dot(v, p * order + first, q * order + first, order - first);
  }
  let sum = p === q ? 1 : 0;
  for (let n = 0; n < job.samples; n++) sum -= v[n * order + p] * v[n * order + q];
  return sum / job.damping;
}

function one(
  job: GroupSaliencyJob,
  g: number,
  group: Uint32Array,
  block: number,
  v: Float64Array,
): Status {
  const begin = job.starts[block];
  const count = group.length;
  const a = scratch('group', count * count);
  const stop = new Stop(job.control);
  const work = job.solver === 'dual' ? job.samples : job.starts[block + 1] - begin;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      a[i * count + j] = inverseEntry(job, block, v, group[i] - begin, group[j] - begin);
      if (stop.after(work)) return CANCELLED;
    }
  }
  const x = scratch('x', count);
  const shift = firstOrderShift(job);
  for (let i = 0; i < count; i++) x[i] = job.weights[group[i]] - shift(group[i]);
  const failed = (pivot: number): Status => ({
    outcome: 'not-positive-definite',
    pivot: group[pivot] - begin,
  });
  if (count === 2) {
    // The closed form of a pair, by the 2×2 inverse.
    const [d0, d01, d1] = [a[0], a[2], a[3]];
    const determinant = d0 * d1 - d01 * d01;
    if (!(d0 > 0)) return failed(0);
    if (!(determinant > 0)) return failed(1);
    const top = x[0] ** 2 * d1 - 2 * x[0] * x[1] * d01 + x[1] ** 2 * d0;
    job.saliencies[g] = top / (2 * determinant);
    return DONE;
  }
  const outcome = factor(a, count, job.control);
  if (outcome === 'cancelled') return CANCELLED;
  if (outcome !== 'done') return failed(outcome.pivot);
  if (!solveLower(a, count, x, job.control)) return CANCELLED;
  job.saliencies[g] = dot(x, 0, 0, count) / 2;
  return DONE;
}

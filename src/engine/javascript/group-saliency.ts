import type { GroupSaliencyJob, Status } from '../kernels.js';
import { factorFisher, ofBlock, stateAt } from './block-factor.js';
import { factor, invertFactor, solveLower } from './cholesky.js';
import { CANCELLED, cancelled, DONE } from './control.js';
import { dualDiagonal } from './dual.js';
import { entry } from './packed-triangle.js';
import { scratch, widestBlock } from './scratch.js';

/** ½ w_Qᵀ [(F⁻¹)_QQ]⁻¹ w_Q for each group Q; see GroupSaliencyJob. */
export function groupSaliency(job: GroupSaliencyJob): Status {
  const { starts, from, to, control, offsets, indices, saliencies } = job;
  const widest = widestBlock(starts, from, to);
  const l = scratch('factor', widest * widest);
  const v = scratch('inverse factor', widest * (job.solver === 'dual' ? job.samples : widest));
  let block = from;
  let ready = -1; // the block whose L⁻¹ is in v
  for (let g = job.groupFrom; g < job.groupTo; g++) {
    if (cancelled(control)) return CANCELLED;
    const group = indices.subarray(offsets[g], offsets[g + 1]);
    if (group.length === 0) {
      saliencies[g] = 0;
      continue;
    }
    while (group[0] >= starts[block + 1]) block++;
    if (ready !== block) {
      const status = prepare(job, block, l, v);
      if (status.outcome !== 'done') return status;
      ready = block;
    }
    const status = one(job, g, group, block, v);
    if (status.outcome !== 'done') return ofBlock(status, block);
  }
  return DONE;
}

/** gram: v = L⁻¹; dual: v = W. */
function prepare(job: GroupSaliencyJob, block: number, l: Float64Array, v: Float64Array): Status {
  const order = job.starts[block + 1] - job.starts[block];
  if (job.solver === 'dual') return dualDiagonal(job, block, v, scratch('x', order));
  if (job.solver === 'woodbury') return DONE;
  const status = factorFisher(job, block, l);
  if (status.outcome !== 'done') return status;
  return invertFactor(l, order, v, job.control) ? DONE : CANCELLED;
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
  if (job.solver === 'gram') return columnProduct(v, order, order, p, q);
  const product = columnProduct(v, job.samples, order, p, q);
  return ((p === q ? 1 : 0) - product) / job.damping;
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
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      a[i * count + j] = inverseEntry(job, block, v, group[i] - begin, group[j] - begin);
    }
  }
  const x = Float64Array.from(group, (c) => job.weights[c]);
  if (count === 2) {
    // The closed form of a pair, by the 2×2 inverse.
    const [d0, d01, d1] = [a[0], a[2], a[3]];
    const determinant = d0 * d1 - d01 * d01;
    if (!(determinant > 0)) return { outcome: 'not-positive-definite', pivot: 1 };
    const top = x[0] ** 2 * d1 - 2 * x[0] * x[1] * d01 + x[1] ** 2 * d0;
    job.saliencies[g] = top / (2 * determinant);
    return DONE;
  }
  const outcome = factor(a, count, job.control);
  if (outcome === 'cancelled') return CANCELLED;
  if (outcome !== 'done') return { outcome: 'not-positive-definite', pivot: outcome.pivot };
  if (!solveLower(a, count, x, job.control)) return CANCELLED;
  job.saliencies[g] = x.reduce((sum, value) => sum + value * value, 0) / 2;
  return DONE;
}

/** Σ_i V(i, p) V(i, q), V row-major [rows, order]. */
function columnProduct(v: Float64Array, rows: number, order: number, p: number, q: number): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += v[i * order + p] * v[i * order + q];
  return sum;
}

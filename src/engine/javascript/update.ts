import type { Status, UpdateJob } from '../kernels.js';
import { applyInverse, factorFisher, factorPacked, ofBlock, stateAt } from './block-factor.js';
import { factorDiagonal, solveLower, solveSymmetric } from './cholesky.js';
import { blockDone, CANCELLED, cancelled, DONE } from './control.js';
import { Dual, dualDiagonal } from './dual.js';
import { firstOrderShift } from './first-order.js';
import { entry, multiplySymmetric } from './packed-triangle.js';
import { scratch, widestBlock } from './scratch.js';

/** A block under update: Q = weights pruned now, R = weights kept. */
interface Block {
  block: number;
  begin: number;
  order: number;
  /** Where its state begins. */
  at: number;
  /** Change of each weight. */
  delta: Float64Array;
  /** Scratch: vectors and matrices of the block's order. */
  x: Float64Array;
  y: Float64Array;
  l: Float64Array;
  v: Float64Array;
}

/** Prunes by maskAfter and moves the kept weights by the rule; see UpdateJob. */
export function update(job: UpdateJob): Status {
  const { starts, from, to, control } = job;
  const widest = widestBlock(starts, from, to);
  const [delta, x, y] = ['delta', 'x', 'y'].map((use) => scratch(use, widest));
  const l = scratch('factor', widest * widest);
  const v = scratch('inverse factor', widest * (job.solver === 'dual' ? job.samples : widest));
  for (let block = from; block < to; block++) {
    if (cancelled(control)) return CANCELLED;
    const begin = starts[block];
    const order = starts[block + 1] - begin;
    const b: Block = { block, begin, order, at: stateAt(job, block), delta, x, y, l, v };
    const status = ofBlock(updateBlock(job, b), block);
    if (status.outcome !== 'done') return status;
    blockDone(control);
  }
  return DONE;
}

/** Weights and losses are written at the end: a block that fails stays as it was. */
function updateBlock(job: UpdateJob, b: Block): Status {
  const { bareLosses } = job;
  if (!setPruned(job, b)) {
    job.losses.fill(0, 2 * b.block, 2 * b.block + 2);
    bareLosses?.fill(0, 2 * b.block, 2 * b.block + 2);
    return DONE;
  }
  let status = bareLosses === undefined ? DONE : predict(job, b, bareLosses);
  if (status.outcome !== 'done') return status;
  if (job.rule === 'independent') status = independent(job, b);
  if (job.rule === 'joint') status = JOINT[job.solver](job, b);
  if (status.outcome !== 'done') return status;
  round(job, b);
  status = predict(job, b, job.losses);
  if (status.outcome === 'done') job.weights.set(b.y.subarray(0, b.order), b.begin);
  return status;
}

const JOINT = { gram: jointByKept, dual: jointBySamples, woodbury: jointByPruned };

function kept({ maskAfter }: UpdateJob, { begin }: Block, i: number): boolean {
  return maskAfter[begin + i] !== 0;
}

function prunedNow(job: UpdateJob, b: Block, i: number): boolean {
  return job.maskBefore[b.begin + i] !== 0 && !kept(job, b, i);
}

/** delta = −w on Q, 0 elsewhere; whether Q has any weight. */
function setPruned(job: UpdateJob, b: Block): boolean {
  let any = false;
  for (let i = 0; i < b.order; i++) {
    const pruned = prunedNow(job, b, i);
    b.delta[i] = pruned ? -job.weights[b.begin + i] : 0;
    any ||= pruned;
  }
  return any;
}

/** δ = −αh − Σ_q ((w_q − αh_q) / D_q) F⁻¹e_q on R */
function independent(job: UpdateJob, b: Block): Status {
  const { begin, order, l, x, y, delta } = b;
  const found = diagonal(job, b, y);
  if (found.outcome !== 'done') return found;
  const shift = firstOrderShift(job);
  for (let q = 0; q < order; q++) {
    x[q] = prunedNow(job, b, q) ? (job.weights[begin + q] - shift(begin + q)) / y[q] : 0;
  }
  const status = applyInverse(job, b.block, x, y, l);
  for (let i = 0; i < order; i++) if (kept(job, b, i)) delta[i] = -y[i] - shift(begin + i);
  return status;
}

/** d = diag(F⁻¹) */
function diagonal(job: UpdateJob, { block, order, at, l, v }: Block, d: Float64Array): Status {
  if (job.solver === 'dual') return dualDiagonal(job, block, v, d);
  if (job.solver === 'woodbury') {
    for (let q = 0; q < order; q++) d[q] = entry(job.states, at, q, q);
    return DONE;
  }
  const status = factorFisher(job, block, l);
  if (status.outcome !== 'done') return status;
  return factorDiagonal(l, order, v, d, job.control) ? DONE : CANCELLED;
}

/** dual: δ_R = G_Rᵀ (NλI + G_R G_Rᵀ)⁻¹ (G_Q w_Q − α1), ḡ being the mean of the rows of G */
function jointBySamples(job: UpdateJob, b: Block): Status {
  const { block, order, x, y, delta } = b;
  const index = rows(order, (i) => kept(job, b, i));
  if (index.length === 0) return DONE;
  const dual = new Dual(job, block);
  const status = dual.factor(index);
  if (status.outcome !== 'done') return status;
  for (let i = 0; i < order; i++) x[i] = prunedNow(job, b, i) ? job.weights[b.begin + i] : 0;
  if (!dual.project(x, y, job.step)) return CANCELLED;
  for (const i of index) delta[i] = y[i];
  return DONE;
}

/** gram: δ_R = F_RR⁻¹ (F_RQ w_Q − αḡ_R) */
function jointByKept(job: UpdateJob, b: Block): Status {
  const { begin, order, at, l, x, y, delta } = b;
  const { step = 0, gradientSum, samples } = job;
  const index = rows(order, (i) => kept(job, b, i));
  const count = index.length;
  if (count === 0) return DONE;
  for (let i = 0; i < order; i++) x[i] = prunedNow(job, b, i) ? job.weights[b.begin + i] : 0;
  if (!multiplySymmetric(job.states, at, order, x, y, job.control)) return CANCELLED;
  for (let r = 0; r < count; r++) {
    x[r] = (y[index[r]] - step * gradientSum[begin + index[r]]) / samples;
  }
  const status = factorPacked(job, at, count, index, job.samples, job.damping, l);
  if (status.outcome !== 'done') return status;
  if (!solveSymmetric(l, count, x, job.control)) return CANCELLED;
  for (let r = 0; r < count; r++) delta[index[r]] = x[r];
  return DONE;
}

/** woodbury: δ_R = −αh_R − P_RQ P_QQ⁻¹ (w − αh)_Q */
function jointByPruned(job: UpdateJob, b: Block): Status {
  const { begin, order, at, l, x, y, delta } = b;
  const shift = firstOrderShift(job);
  const index = rows(order, (i) => prunedNow(job, b, i));
  const count = index.length;
  for (let q = 0; q < count; q++) {
    const c = begin + index[q];
    y[q] = job.weights[c] - shift(c);
  }
  const status = factorPacked(job, at, count, index, 1, 0, l);
  if (status.outcome !== 'done') return status;
  if (!solveSymmetric(l, count, y, job.control)) return CANCELLED;
  x.fill(0, 0, order);
  for (let q = 0; q < count; q++) x[index[q]] = y[q];
  if (!multiplySymmetric(job.states, at, order, x, y, job.control)) return CANCELLED;
  for (let i = 0; i < order; i++) if (kept(job, b, i)) delta[i] = -y[i] - shift(begin + i);
  return DONE;
}

function rows(order: number, belongs: (i: number) => boolean): Uint32Array {
  const index = new Uint32Array(order);
  let count = 0;
  for (let i = 0; i < order; i++) if (belongs(i)) index[count++] = i;
  return index.subarray(0, count);
}

/** y = the new weights, rounded to float32; delta becomes the change that they make. */
function round(job: UpdateJob, b: Block): void {
  for (let i = 0; i < b.order; i++) {
    const before = job.weights[b.begin + i];
    b.y[i] = kept(job, b, i) ? Math.fround(before + b.delta[i]) : 0;
    b.delta[i] = b.y[i] - before;
  }
}

/** ½ δᵀFδ and ḡᵀδ of the change in `delta`. */
function predict(
  job: UpdateJob,
  { block, begin, order, at, delta, x, l }: Block,
  losses: Float64Array,
): Status {
  const { gradientSum, samples, damping, states, control } = job;
  let quadratic = 0;
  if (job.solver === 'dual') {
    const form = new Dual(job, block).quadraticForm(delta);
    if (form === undefined) return CANCELLED;
    quadratic = form;
  } else if (job.solver === 'gram') {
    if (!multiplySymmetric(states, at, order, delta, x, control)) return CANCELLED;
    for (let i = 0; i < order; i++) quadratic += delta[i] * (damping * delta[i] + x[i] / samples);
  } else {
    // δᵀP⁻¹δ = |L⁻¹δ|² with L Lᵀ = P
    const status = factorPacked(job, at, order, undefined, 1, 0, l);
    if (status.outcome !== 'done') return status;
    x.set(delta.subarray(0, order));
    if (!solveLower(l, order, x, control)) return CANCELLED;
    for (let i = 0; i < order; i++) quadratic += x[i] * x[i];
  }
  let linear = 0;
  for (let i = 0; i < order; i++) linear += gradientSum[begin + i] * delta[i];
  losses[2 * block] = quadratic / 2;
  losses[2 * block + 1] = linear / samples;
  return DONE;
}

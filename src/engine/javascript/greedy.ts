import { modelIndex } from '../axis-order.js';
import type { GreedyJob, Status } from '../kernels.js';
import { factorPacked, ofBlock, stateAt } from './block-factor.js';
import { factor, invertFactor, solveSymmetric } from './cholesky.js';
import { blockDone, CANCELLED, cancelled, DONE, Stop } from './control.js';
import { rowsOf } from './dual.js';
import { entry, multiplySymmetric } from './packed-triangle.js';
import { scratch, widestBlock } from './scratch.js';

/** The order in which the weights of each block go, one at a time; see GreedyJob. */
export function greedy(job: GreedyJob): Status {
  const { starts, from, to, control } = job;
  const widest = widestBlock(starts, from, to);
  const arrays: Arrays = {
    p: scratch('factor', widest * widest),
    v: scratch('inverse factor', widest * widest),
    u: scratch('x', widest),
    column: scratch('column', widest),
    keys: scratch('keys', widest),
    marginalLosses: scratch('marginal losses', widest),
  };
  for (let block = from; block < to; block++) {
    if (cancelled(control)) return CANCELLED;
    const status = new Trace(job, block, arrays).run();
    if (status.outcome !== 'done') return ofBlock(status, block);
    blockDone(control);
  }
  return DONE;
}

/** Scratch of the widest block. */
interface Arrays {
  p: Float64Array;
  v: Float64Array;
  u: Float64Array;
  column: Float64Array;
  keys: Float64Array;
  marginalLosses: Float64Array;
}

/** One block on its way from all weights to none. */
class Trace {
  readonly #job: GreedyJob;
  readonly #a: Arrays;
  readonly #block: number;
  readonly #begin: number;
  readonly #order: number;
  readonly #at: number;
  readonly #stop: Stop;
  /** Rows of the block that are left; P and u are in this order. */
  readonly #left: Uint32Array;
  #lastKey = -1;

  constructor(job: GreedyJob, block: number, arrays: Arrays) {
    this.#job = job;
    this.#a = arrays;
    this.#block = block;
    this.#begin = job.starts[block];
    this.#order = job.starts[block + 1] - this.#begin;
    this.#at = stateAt(job, block);
    this.#stop = new Stop(job.control);
    const mask = job.mask.subarray(this.#begin, this.#begin + this.#order);
    this.#left = Uint32Array.from(mask.keys()).filter((i) => mask[i] !== 0);
  }

  /** Keys are written at the end: a block that fails keeps those it had. */
  run(): Status {
    const { keys, marginalLosses } = this.#a;
    for (const array of [keys, marginalLosses]) array.fill(0, 0, this.#order);
    let status = this.#job.solver === 'woodbury' ? this.#fromInverse() : this.#fromFisher();
    if (status.outcome === 'done') status = this.#removeAll();
    if (status.outcome !== 'done') return status;
    this.#job.keys.set(keys.subarray(0, this.#order), this.#begin);
    if (this.#job.marginalLosses.length > 0) {
      this.#job.marginalLosses.set(marginalLosses.subarray(0, this.#order), this.#begin);
    }
    return DONE;
  }

  /** P = F⁻¹ and u = w − αPḡ of the weights that are there. */
  #fromFisher(): Status {
    const { p, v, u } = this.#a;
    const { weights, samples, gradientSum, step = 0, control } = this.#job;
    const n = this.#left.length;
    const status = this.#factorFisher();
    if (status.outcome !== 'done') return status;
    for (let r = 0; r < n; r++) u[r] = (-step * gradientSum[this.#begin + this.#left[r]]) / samples;
    if (!solveSymmetric(p, n, u, control)) return CANCELLED;
    for (let r = 0; r < n; r++) u[r] += weights[this.#begin + this.#left[r]];
    if (!invertFactor(p, n, v, control)) return CANCELLED;
    p.fill(0, 0, n * n);
    for (let k = 0; k < n; k++) {
      for (let i = 0; i <= k; i++) {
        const vki = v[k * n + i];
        for (let j = 0; j <= i; j++) p[i * n + j] += vki * v[k * n + j];
        if (this.#stop.after(i)) return CANCELLED;
      }
    }
    return DONE;
  }

  /** woodbury: P as it stands. Weights with mask 0 are not coupled to the others. */
  #fromInverse(): Status {
    const { p, v, u, column } = this.#a;
    const { states, weights, samples, gradientSum, step = 0, control } = this.#job;
    const n = this.#left.length;
    for (let i = 0; i < this.#order; i++) column[i] = gradientSum[this.#begin + i] / samples;
    if (!multiplySymmetric(states, this.#at, this.#order, column, v, control)) return CANCELLED;
    for (let r = 0; r < n; r++) {
      const i = this.#left[r];
      u[r] = weights[this.#begin + i] - step * v[i];
      for (let k = 0; k <= r; k++) p[r * n + k] = entry(states, this.#at, i, this.#left[k]);
      if (this.#stop.after(r)) return CANCELLED;
    }
    return DONE;
  }

  /** p = L with L Lᵀ = F over the weights that are there. */
  #factorFisher(): Status {
    const { p } = this.#a;
    const { solver, samples, damping, control } = this.#job;
    const n = this.#left.length;
    if (solver === 'gram') {
      return factorPacked(this.#job, this.#at, n, this.#left, samples, damping, p);
    }
    const rows = rowsOf(this.#job, this.#block);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let k = 0; k < samples; k++) {
          const row = k * this.#order;
          sum += rows[row + this.#left[i]] * rows[row + this.#left[j]];
        }
        p[i * n + j] = sum / samples + (i === j ? damping : 0);
        if (this.#stop.after(samples)) return CANCELLED;
      }
    }
    const outcome = factor(p, n, control);
    if (outcome === 'done') return DONE;
    if (outcome === 'cancelled') return CANCELLED;
    return { outcome: 'not-positive-definite', pivot: this.#left[outcome.pivot] };
  }

  /** Of the weights that are left the last one moves to the place that is free. */
  #removeAll(): Status {
    const { p, u, column } = this.#a;
    const n = this.#left.length;
    for (let last = n - 1; last >= 0; last--) {
      const at = this.#cheapest(last + 1);
      const pivot = p[at * n + at];
      if (!(pivot > 0) || !Number.isFinite(pivot)) {
        return { outcome: 'not-positive-definite', pivot: this.#left[at] };
      }
      this.#record(this.#left[at], (u[at] * u[at]) / (2 * pivot));
      for (let j = 0; j <= last; j++) column[j] = j <= at ? p[at * n + j] : p[j * n + at];
      const ratio = u[at] / pivot;
      this.#move(last, at);
      for (let i = 0; i < last; i++) {
        const factorOfRow = column[i] / pivot;
        for (let j = 0; j <= i; j++) p[i * n + j] -= factorOfRow * column[j];
        u[i] -= ratio * column[i];
        if (this.#stop.after(i)) return CANCELLED;
      }
    }
    return DONE;
  }

  /** The place of the smallest marginal loss among the first `count`, or of a P_qq that is none. */
  #cheapest(count: number): number {
    const { p, u } = this.#a;
    const n = this.#left.length;
    const indexOf = (r: number): number => modelIndex(this.#job.order, this.#begin + this.#left[r]);
    let best = 0;
    let smallest = Number.POSITIVE_INFINITY;
    for (let r = 0; r < count; r++) {
      const d = p[r * n + r];
      if (!(d > 0)) return r;
      const loss = (u[r] * u[r]) / (2 * d);
      if (loss < smallest || (loss === smallest && indexOf(r) < indexOf(best))) {
        smallest = loss;
        best = r;
      }
    }
    return best;
  }

  #record(row: number, loss: number): void {
    const { keys, marginalLosses } = this.#a;
    this.#lastKey = loss > this.#lastKey ? loss : nextUp(this.#lastKey);
    keys[row] = this.#lastKey;
    marginalLosses[row] = loss;
  }

  /** Puts what stands at `last` at `to`, in P, u, `column` and the rows that are left. */
  #move(last: number, to: number): void {
    const { p, u, column } = this.#a;
    const n = this.#left.length;
    if (to === last) return;
    for (let j = 0; j < to; j++) p[to * n + j] = p[last * n + j];
    for (let i = to + 1; i < last; i++) p[i * n + to] = p[last * n + i];
    p[to * n + to] = p[last * n + last];
    u[to] = u[last];
    column[to] = column[last];
    this.#left[to] = this.#left[last];
  }
}

const bits = new BigInt64Array(1);
const value = new Float64Array(bits.buffer);

/** The next float64 after x ≥ 0. */
function nextUp(x: number): number {
  value[0] = x;
  bits[0]++;
  return value[0];
}

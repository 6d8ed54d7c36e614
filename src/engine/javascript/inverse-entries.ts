import type { StateRange, Status } from '../kernels.js';
import { factorFisher, stateAt } from './block-factor.js';
import { dot, invertFactor, transpose } from './cholesky.js';
import { CANCELLED, DONE } from './control.js';
import { dualDiagonal } from './dual.js';
import { entry } from './packed-triangle.js';
import { scratch, widestBlock } from './scratch.js';

/** Entries of F⁻¹, one block at a time. */
export class InverseEntries {
  readonly #range: StateRange;
  readonly #l: Float64Array;
  /** gram: L⁻ᵀ; dual: W; woodbury: not used. */
  readonly #v: Float64Array;
  #block = -1;
  #order = 0;

  constructor(range: StateRange) {
    const { starts, from, to, solver, samples } = range;
    const widest = widestBlock(starts, from, to);
    this.#range = range;
    this.#l = scratch('factor', widest * widest);
    this.#v = scratch('inverse factor', widest * (solver === 'dual' ? samples : widest));
  }

  /** Makes the entries of a block available; does nothing for the block of the last call. */
  prepare(block: number): Status {
    if (this.#block === block) return DONE;
    const { starts } = this.#range;
    this.#order = starts[block + 1] - starts[block];
    const status = this.#factor(block);
    if (status.outcome === 'done') this.#block = block;
    return status;
  }

  /** (F⁻¹)_pq of the block that was prepared. */
  at(p: number, q: number): number {
    const { solver, states, samples, damping } = this.#range;
    const order = this.#order;
    const v = this.#v;
    if (solver === 'woodbury') return entry(states, stateAt(this.#range, this.#block), p, q);
    if (solver === 'gram') {
      const first = Math.max(p, q); // rows of L⁻ᵀ are 0 before their diagonal
      return dot(v, p * order + first, q * order + first, order - first);
    }
    let sum = p === q ? 1 : 0;
    for (let n = 0; n < samples; n++) sum -= v[n * order + p] * v[n * order + q];
    return sum / damping;
  }

  #factor(block: number): Status {
    const range = this.#range;
    if (range.solver === 'dual') {
      return dualDiagonal(range, block, this.#v, scratch('x', this.#order));
    }
    if (range.solver === 'woodbury') return DONE;
    const status = factorFisher(range, block, this.#l);
    if (status.outcome !== 'done') return status;
    const complete =
      invertFactor(this.#l, this.#order, this.#v, range.control) &&
      transpose(this.#v, this.#order, range.control);
    return complete ? DONE : CANCELLED;
  }
}

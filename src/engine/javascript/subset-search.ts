import type { FactorOutcome } from './cholesky.js';
import type { Stop } from './control.js';

/**
 * The subset Q of given size with the least ½ w_Qᵀ A_QQ⁻¹ w_Q, A symmetric and positive definite.
 *
 * Subsets are walked in lexicographic order. With A_QQ = L Lᵀ and z = L⁻¹ w_Q the cost is ½ Σ z_t²:
 * each further member adds one row to L and one term that is not negative, so that subsets which
 * share their first members share their rows, and none is completed whose part already costs as much
 * as the best. Of equal subsets the first one is taken.
 */
export class SubsetSearch {
  readonly weights: Float64Array;
  /** Members of the best subset, ascending. */
  readonly best: Uint8Array;
  cost = 0;
  readonly #stride: number;
  readonly #stop: Stop;
  readonly #a: Float64Array;
  readonly #l: Float64Array;
  readonly #z: Float64Array;
  readonly #chosen: Uint8Array;
  #members = 0;
  #count = 0;

  /** For at most `largest` members. */
  constructor(largest: number, stop: Stop) {
    this.#stride = largest;
    this.#stop = stop;
    this.weights = new Float64Array(largest);
    this.best = new Uint8Array(largest);
    this.#a = new Float64Array(largest * largest);
    this.#l = new Float64Array(largest * largest);
    this.#z = new Float64Array(largest);
    this.#chosen = new Uint8Array(largest);
  }

  /** A_ij = A_ji = value, j ≤ i. */
  set(i: number, j: number, value: number): void {
    this.#a[i * this.#stride + j] = value;
  }

  /** Chooses `count` ≥ 1 of the first `members` members. */
  run(members: number, count: number): FactorOutcome {
    this.#members = members;
    this.#count = count;
    this.cost = Number.POSITIVE_INFINITY;
    for (let k = 0; k < count; k++) this.best[k] = k;
    return this.#extend(0, 0, 0);
  }

  /** Tries all members from `from` on as number t of the subset, whose first t cost `cost`. */
  #extend(t: number, from: number, cost: number): FactorOutcome {
    const l = this.#l;
    const z = this.#z;
    const row = t * this.#stride;
    for (let i = from; i <= this.#members - this.#count + t; i++) {
      let pivot = this.#a[i * this.#stride + i];
      let rest = this.weights[i];
      for (let j = 0; j < t; j++) {
        const other = j * this.#stride;
        let entry = this.#a[i * this.#stride + this.#chosen[j]];
        for (let k = 0; k < j; k++) entry -= l[row + k] * l[other + k];
        entry /= l[other + j];
        l[row + j] = entry;
        pivot -= entry * entry;
        rest -= entry * z[j];
      }
      if (!(pivot > 0) || !Number.isFinite(pivot)) return { pivot: i };
      if (this.#stop.after(t * t + 8)) return 'cancelled';
      l[row + t] = Math.sqrt(pivot);
      z[t] = rest / l[row + t];
      const sum = cost + (z[t] * z[t]) / 2;
      if (!(sum < this.cost)) continue;
      this.#chosen[t] = i;
      if (t + 1 < this.#count) {
        const outcome = this.#extend(t + 1, i + 1, sum);
        if (outcome !== 'done') return outcome;
      } else {
        this.cost = sum;
        this.best.set(this.#chosen.subarray(0, this.#count));
      }
    }
    return 'done';
  }
}

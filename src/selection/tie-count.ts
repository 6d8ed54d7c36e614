import type { KernelJob } from '../engine/kernels.js';
import type { RunContext } from '../pool/run-context.js';
import { amountsOf, type Currency, type Units } from './units.js';

const DIGITS = 65536;

/** Units of equal score, in the order of the model's layout; a unit takes as many ranks as it counts. */
export class TieCount {
  readonly #context: RunContext;
  readonly #units: Units;
  readonly #score: number;
  readonly #currency: Currency;
  #upper: Float64Array | undefined;

  constructor(context: RunContext, units: Units, score: number, currency: Currency) {
    this.#context = context;
    this.#units = units;
    this.#score = score;
    this.#currency = currency;
  }

  /** What all of them count. */
  async total(): Promise<number> {
    this.#upper ??= await this.#count(0, 0);
    return this.#upper.reduce((a, b) => a + b, 0);
  }

  /** The index in the model's layout of the one at a rank. */
  async indexAt(rank: number): Promise<number> {
    this.#upper ??= await this.#count(0, 0);
    const { digit: prefix, below } = digitOfRank(this.#upper, rank);
    const lower = await this.#count(1, prefix);
    return prefix * DIGITS + digitOfRank(lower, rank - below).digit;
  }

  async #count(level: number, prefix: number): Promise<Float64Array> {
    if (this.#units.size === 0) return new Float64Array(DIGITS);
    const counts = this.#context.lease.float64(DIGITS);
    const { name, starts, blockCount, mask, order, scores } = this.#units;
    const { each, factor } = amountsOf(this.#units, this.#currency);
    const job: KernelJob<'countTies'> = {
      starts,
      from: 0,
      to: blockCount,
      control: this.#context.control,
      scores,
      mask,
      order,
      score: this.#score,
      level,
      prefix,
      counts,
      amounts: each,
      factor,
    };
    try {
      counts.fill(0);
      await this.#context.run('countTies', [[{ parameter: name ?? 'sets', job }]]);
      return new Float64Array(counts);
    } finally {
      this.#context.lease.release(counts);
    }
  }
}

function digitOfRank(counts: Float64Array, rank: number): { digit: number; below: number } {
  let below = 0;
  let digit = 0;
  while (digit < counts.length - 1 && below + counts[digit] <= rank) below += counts[digit++];
  return { digit, below };
}

import type { KernelJob } from '../engine/kernels.js';
import type { RunContext } from '../pool/run-context.js';
import { addCounts } from './rank.js';
import type { RankedLists, UnitPart } from './ranked-lists.js';
import { amountsOf, type Currency } from './units.js';

const DIGITS = 65536;

/** Units of one list of equal score, in the order of the model's layout; a unit takes as many ranks as it counts. */
export class TieCount {
  readonly #context: RunContext;
  readonly #list: RankedLists;
  readonly #score: number;
  readonly #currency: Currency;
  #upper: Float64Array | undefined;

  constructor(context: RunContext, list: RankedLists, score: number, currency: Currency) {
    this.#context = context;
    this.#list = list;
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
    const sum = new Float64Array(DIGITS);
    await this.#list.visit(async (parts) => {
      for (const part of parts) await this.#countPart(part, level, prefix, sum);
    });
    return sum;
  }

  async #countPart(
    { units }: UnitPart,
    level: number,
    prefix: number,
    sum: Float64Array,
  ): Promise<void> {
    if (units.size === 0) return;
    const counts = this.#context.lease.float64(DIGITS);
    const { name, starts, blockCount, mask, order, scores } = units;
    const { each, factor } = amountsOf(units, this.#currency);
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
      await addCounts(sum, [counts]);
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

import type { KernelJob } from '../engine/kernels.js';
import type { BlockShape } from '../fisher/block-shape.js';
import type { BlockedParameter } from '../fisher/blocked-parameter.js';
import { cutIntoTasks, tasksOfBytes, wholeParameters } from '../fisher/spans.js';
import type { ArrayPlan } from '../memory/array-plan.js';
import type { LabelledJob, RunContext } from '../pool/run-context.js';
import { scoresAtRanks } from './rank.js';

/** `global`: one threshold over all parameters. `layer`: the same sparsity in each of them. */
export type Scope = 'global' | 'layer';
export const SCOPES: readonly Scope[] = ['global', 'layer'];

/**
 * Where a parameter is cut: weights with a smaller score are pruned, and of those with the same
 * score the ones up to index `lastTie` of the model's layout (−1: none of them).
 */
export interface Cut {
  score: number;
  lastTie: number;
}

const NOTHING: Cut = { score: 0, lastTie: -1 };

/** Weights of `size` that a sparsity prunes: rounded half up. */
export function prunedCount(sparsity: number, size: number): number {
  return Math.floor(sparsity * size + 0.5);
}

/** One cut per parameter such that exactly the right number of weights is pruned, ties by index. */
export async function findCuts(
  context: RunContext,
  parameters: readonly BlockedParameter[],
  scores: readonly Float64Array[],
  sparsity: number,
  scope: Scope,
): Promise<Cut[]> {
  const positions = parameters.map((_, index) => index);
  if (scope === 'global')
    return await cutTogether(context, parameters, scores, positions, sparsity);
  const cuts: Cut[] = [];
  for (const index of positions) {
    cuts.push(...(await cutTogether(context, parameters, scores, [index], sparsity)));
  }
  return cuts;
}

/** The new mask of a parameter. */
export function maskArrays({ size }: BlockShape) {
  return { masks: ['uint8', size] } as const satisfies ArrayPlan;
}

/** Applies the cuts: new masks (block order, on the run's memory) and the weights pruned in each. */
export async function applyCuts(
  context: RunContext,
  parameters: readonly BlockedParameter[],
  scores: readonly Float64Array[],
  cuts: readonly Cut[],
): Promise<{ masks: Uint8Array[]; pruned: number[] }> {
  const masks = parameters.map((shape) => context.lease.arrays(maskArrays(shape)).masks);
  const spans = cutIntoTasks(wholeParameters(parameters), (order) => 16 * order, tasksOfBytes);
  const tasks = spans.map((task) =>
    task.map(({ parameter, index, from, to }): LabelledJob<'cut'> => {
      const job: KernelJob<'cut'> = {
        starts: parameter.starts,
        from,
        to,
        control: context.control,
        scores: scores[index],
        mask: parameter.mask,
        maskAfter: masks[index],
        order: parameter.order,
        ...cuts[index],
      };
      return { parameter: parameter.name, job };
    }),
  );
  const values = await context.run('cut', tasks);
  const pruned = parameters.map(() => 0);
  spans.forEach((task, t) => {
    task.forEach(({ index }, j) => {
      pruned[index] += values[t][j];
    });
  });
  return { masks, pruned };
}

/** Cuts for the parameters at `positions`, ranked together. */
async function cutTogether(
  context: RunContext,
  parameters: readonly BlockedParameter[],
  scores: readonly Float64Array[],
  positions: readonly number[],
  sparsity: number,
): Promise<Cut[]> {
  const spans = wholeParameters(parameters).filter(({ index }) => positions.includes(index));
  const size = spans.reduce((sum, { parameter }) => sum + parameter.size, 0);
  const before = spans.reduce((sum, { parameter }) => sum + parameter.prunedBefore, 0);
  const toPrune = prunedCount(sparsity, size) - before;
  if (toPrune <= 0) return positions.map(() => NOTHING);
  const [{ score, below, equal }] = await scoresAtRanks(context, { spans, scores }, [toPrune - 1]);
  let ties = toPrune - below;
  if (ties === equal) return positions.map(() => ({ score, lastTie: Number.MAX_SAFE_INTEGER }));
  const cuts: Cut[] = [];
  for (const index of positions) {
    const tied = new TieCount(context, parameters[index], scores[index], score);
    const cut = await tied.cut(ties);
    cuts.push({ score, lastTie: cut.lastTie });
    ties -= cut.taken;
  }
  return cuts;
}

/** Equal scores within one parameter, taken in the order of the model's layout. */
class TieCount {
  readonly #context: RunContext;
  readonly #parameter: BlockedParameter;
  readonly #scores: Float64Array;
  readonly #score: number;

  constructor(
    context: RunContext,
    parameter: BlockedParameter,
    scores: Float64Array,
    score: number,
  ) {
    this.#context = context;
    this.#parameter = parameter;
    this.#scores = scores;
    this.#score = score;
  }

  /** The index up to which the first `wanted` ties stand, and how many of them there are here. */
  async cut(wanted: number): Promise<{ lastTie: number; taken: number }> {
    if (wanted === 0) return { lastTie: -1, taken: 0 };
    const upper = await this.#count(0, 0);
    const total = upper.reduce((a, b) => a + b, 0);
    if (total <= wanted) return { lastTie: Number.MAX_SAFE_INTEGER, taken: total };
    const { digit: prefix, below } = digitOfRank(upper, wanted - 1);
    const lower = await this.#count(1, prefix);
    const { digit } = digitOfRank(lower, wanted - 1 - below);
    return { lastTie: prefix * 65536 + digit, taken: wanted };
  }

  async #count(level: number, prefix: number): Promise<Float64Array> {
    const counts = this.#context.lease.float64(65536);
    const { name, starts, blockCount, mask, order } = this.#parameter;
    const job: KernelJob<'countTies'> = {
      starts,
      from: 0,
      to: blockCount,
      control: this.#context.control,
      scores: this.#scores,
      mask,
      order,
      score: this.#score,
      level,
      prefix,
      counts,
    };
    try {
      counts.fill(0);
      await this.#context.run('countTies', [[{ parameter: name, job }]]);
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

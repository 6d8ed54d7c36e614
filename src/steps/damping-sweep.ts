import type { BlockShape } from '../blocks/block-shape.js';
import type { ParsedPattern } from '../blocks/pattern.js';
import type { UpdateRule } from '../engine/kernels.js';
import { optionError, WoodFisherError } from '../errors.js';
import { byName, resolveDamping } from '../fisher/damping.js';
import type { FisherState } from '../fisher/fisher-state.js';
import { invertBlocks } from '../fisher/invert.js';
import { type Lambda, lambdaOf } from '../fisher/lambda.js';
import type { ArrayPlan } from '../memory/array-plan.js';
import { copyInPieces, inPieces } from '../memory/pieces.js';
import { checkDamping, type Damping } from '../options.js';
import type { RunContext } from '../pool/run-context.js';
import type { Budgets } from '../selection/budgets.js';
import { prunedInBoth } from '../selection/overlap.js';
import { disposeRanking, rank } from '../selection/ranking.js';
import { select } from '../selection/select.js';
import { applyUpdate } from '../updates/apply.js';

/** What pruning with one damping would do. */
export interface SweptDamping {
  /** As it was asked for. */
  damping: Damping;
  /** λ of each parameter. */
  lambda: Record<string, number>;
  /** ½ δᵀFδ of the change of the weights, λ included: predictions with different λ. */
  quadratic: number;
  /** ½ δᵀ((1/N) Σ g gᵀ)δ, without λ: what the samples alone say, comparable between dampings. */
  undamped: number;
  /** ḡᵀδ */
  linear: number;
  /** Fraction of the pruned weights that the first damping of the list prunes too; 1 where none is. */
  overlap: number;
  /** Largest bound of cond₂(F) of all blocks. */
  condition: number;
}

/** What is to be done with every damping. */
export interface SweepSettings {
  dampings: readonly Damping[];
  pattern: ParsedPattern;
  budgets: Budgets;
  update: UpdateRule;
}

/** What a sweep has of a parameter from its beginning to its end: the weights, and the first mask. */
export function sweepArrays({ size }: BlockShape) {
  return { copies: ['float32', size], first: ['uint8', size] } as const satisfies ArrayPlan;
}

/** Dampings of a sweep; a state of solver woodbury has one λ and no other. */
export function checkDampings(
  dampings: readonly Damping[],
  solver: string,
  option = 'dampings',
): readonly Damping[] {
  if (!Array.isArray(dampings) || dampings.length === 0) {
    throw optionError(option, 'a list of at least one damping', dampings);
  }
  if (solver === 'woodbury') {
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      'solver "woodbury" is made for one damping, so that there is none to compare it with; use solver "gram"',
      { option },
    );
  }
  return dampings.map((damping) => checkDamping(damping));
}

/**
 * Prunes copies of `weights` (block order) with one damping after the other, by criterion woodfisher.
 * One inverse is there at a time.
 */
export async function sweepDampings(
  context: RunContext,
  state: FisherState,
  weights: readonly Float32Array[],
  { dampings, pattern, budgets, update }: SweepSettings,
): Promise<SweptDamping[]> {
  const { parameters } = state;
  const { lease } = context;
  const copies = parameters.map(({ size }) => lease.float32(size));
  const swept: SweptDamping[] = [];
  let first: Uint8Array[] | undefined;
  try {
    for (const damping of dampings) {
      const lambda = await resolveDamping(state, damping);
      const { diagonal, condition, residual } = await invertBlocks(context, state, lambda);
      const inputs = { diagonal, squareSum: [], samples: state.divisor, damping: lambda };
      const ranking = await rank(context, {
        ...{ parameters, weights, pattern, budgets },
        ...{ criterion: 'woodfisher', selection: 'oneshot', fisher: { state, inputs } },
      });
      const { masks, pruned } = await select(context, ranking);
      disposeRanking(context, ranking);
      for (const array of [...diagonal, ...residual]) lease.release(array);
      for (const [i, copy] of copies.entries()) await copyInPieces(weights[i], copy);
      const changes = await applyUpdate(context, state, update, lambda, copies, masks);
      const quadratic = changes.reduce((sum, change) => sum + change.quadratic, 0);
      const common =
        first === undefined ? undefined : sum(await prunedInBoth(parameters, first, masks));
      const total = sum(pruned);
      swept.push({
        damping,
        lambda: byName(state, lambda),
        quadratic,
        undamped: quadratic - (await dampedPart(lambda, weights, copies)),
        linear: changes.reduce((sum, change) => sum + change.linear, 0),
        overlap: common === undefined || total === 0 ? 1 : common / total,
        condition: condition.reduce((a, bounds) => bounds.reduce((b, c) => Math.max(b, c), a), 0),
      });
      for (const array of condition) lease.release(array);
      if (first === undefined) first = masks;
      else for (const array of masks) lease.release(array);
    }
    return swept;
  } finally {
    for (const array of [...copies, ...(first ?? [])]) lease.release(array);
  }
}

/** ½ Σ λ |δ|² */
async function dampedPart(
  lambda: Lambda,
  before: readonly Float32Array[],
  after: readonly Float32Array[],
): Promise<number> {
  let total = 0;
  for (const [i, w] of before.entries()) {
    let squares = 0;
    await inPieces(w.length, (begin, end) => {
      for (let c = begin; c < end; c++) squares += (after[i][c] - w[c]) ** 2;
    });
    total += (lambdaOf(lambda, i) * squares) / 2;
  }
  return total;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

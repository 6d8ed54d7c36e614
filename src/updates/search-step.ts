import type { BlockShape } from '../blocks/block-shape.js';
import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { WoodFisherError } from '../errors.js';
import type { ArrayPlan } from '../memory/array-plan.js';
import { copyInPieces, inPieces } from '../memory/pieces.js';
import type { Parameter } from '../parameters.js';
import type { RunContext } from '../pool/run-context.js';
import { LentModel, type LossFunction } from './lent-model.js';
import { lineSearch, type TriedStep } from './line-search.js';

/** What a line search has found. */
export interface StepSearch {
  step: number;
  /** Loss before anything was pruned, and with the step taken. */
  lossBefore: number;
  lossAfter: number;
  tried: TriedStep[];
}

/** What a search is about. */
export interface SearchedUpdate {
  all: readonly Parameter[];
  parameters: readonly BlockedParameter[];
  /** Weights before the update, block order. */
  weights: readonly Float32Array[];
  /** Updates weights in place with a step. */
  update(weights: readonly Float32Array[], step: number): Promise<unknown>;
  /** α of the step before, where the search begins. */
  start?: number;
  /** Loss at the weights, where it was measured. */
  lossBefore?: number;
}

/** Weights of a parameter for α = 0, for α = 1, and for the step that is tried. */
export function searchArrays({ size }: BlockShape) {
  return {
    zero: ['float32', size],
    one: ['float32', size],
    between: ['float32', size],
  } as const satisfies ArrayPlan;
}

/**
 * Finds the step of first order by the loss. For a fixed mask all update rules are affine in α, so
 * the weights of any step lie on the line through those of α = 0 and α = 1: two updates are enough.
 */
export async function searchStep(
  context: RunContext,
  loss: LossFunction,
  { all, parameters, weights, update, start, ...known }: SearchedUpdate,
): Promise<StepSearch> {
  const model = new LentModel(context, all, parameters, loss);
  const lossBefore = known.lossBefore ?? (await model.lossOf(weights));
  const arrays = parameters.map((shape) => context.lease.arrays(searchArrays(shape)));
  try {
    for (const [i, { zero, one }] of arrays.entries()) {
      for (const copy of [zero, one]) await copyInPieces(weights[i], copy);
    }
    const [zero, one, between] = (['zero', 'one', 'between'] as const).map((name) =>
      arrays.map((of) => of[name]),
    );
    await update(zero, 0);
    await update(one, 1);
    return await searchAlong(lossBefore, start, async (step) => {
      for (const [i, array] of between.entries()) {
        await inPieces(array.length, (begin, end) => {
          for (let c = begin; c < end; c++) array[c] = atStep(step, zero[i][c], one[i][c]);
        });
      }
      return await model.lossOf(between);
    });
  } finally {
    for (const array of arrays.flatMap((of) => Object.values(of))) context.lease.release(array);
  }
}

/** A weight on the line between those of α = 0 and α = 1. */
export function atStep(step: number, zero: number, one: number): number {
  return zero + step * (one - zero);
}

/**
 * The line search, with what is told of it.
 *
 * @param start α of the step before.
 * @param evaluate The loss with a step.
 * @throws {WoodFisherError} `ERR_WOODFISHER_NONFINITE` where no step has a finite loss.
 */
export async function searchAlong(
  lossBefore: number,
  start: number | undefined,
  evaluate: (step: number) => Promise<number>,
): Promise<StepSearch> {
  const { best, tried } = await lineSearch(evaluate, start);
  if (!Number.isFinite(best.loss)) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_NONFINITE',
      `loss must be finite for some step of the line search, but is not for any of ${tried.map(({ step }) => step).join(', ')}`,
      { option: 'loss' },
    );
  }
  return { step: best.step, lossBefore, lossAfter: best.loss, tried };
}

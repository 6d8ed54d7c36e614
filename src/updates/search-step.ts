import { optionError, WoodFisherError } from '../errors.js';
import type { BlockShape } from '../fisher/block-shape.js';
import type { BlockedParameter } from '../fisher/blocked-parameter.js';
import { toModelLayout } from '../fisher/layout.js';
import type { ArrayPlan } from '../memory/array-plan.js';
import { copyInPieces, inPieces } from '../memory/pieces.js';
import type { Parameter } from '../parameters.js';
import type { RunContext } from '../pool/run-context.js';
import { lineSearch, type TriedStep } from './line-search.js';

/** A tensor of the model as the loss callback gets it, row-major in its own layout. */
export interface LossParameter {
  name: string;
  shape: readonly number[];
  /** Lent until the callback returns, or what it returns settles. */
  data: Float32Array;
}

/** Mean loss of the model with these parameters, all of them, in the order given to `prune`. */
export type LossFunction = (parameters: readonly LossParameter[]) => number | Promise<number>;

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
  /** Where the search begins; 0 where nothing is known. */
  start: number;
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
  { all, parameters, weights, update, start }: SearchedUpdate,
): Promise<StepSearch> {
  const model = new LentModel(context, all, parameters, loss);
  const lossBefore = await model.lossOf(weights);
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
    const { best, tried } = await lineSearch(async (step) => {
      for (const [i, array] of between.entries()) {
        await inPieces(array.length, (begin, end) => {
          for (let c = begin; c < end; c++) array[c] = zero[i][c] + step * (one[i][c] - zero[i][c]);
        });
      }
      return await model.lossOf(between);
    }, start);
    if (!Number.isFinite(best.loss)) {
      throw new WoodFisherError(
        'ERR_WOODFISHER_NONFINITE',
        `loss must be finite for some step of the line search, but is not for any of ${tried.map(({ step }) => step).join(', ')}`,
        { option: 'loss' },
      );
    }
    return { step: best.step, lossBefore, lossAfter: best.loss, tried };
  } finally {
    for (const array of arrays.flatMap((of) => Object.values(of))) context.lease.release(array);
  }
}

/** The model with weights that change, on arrays that are used again for each evaluation. */
class LentModel {
  readonly #context: RunContext;
  readonly #blocked: readonly BlockedParameter[];
  readonly #loss: LossFunction;
  readonly #parameters: LossParameter[];

  constructor(
    context: RunContext,
    all: readonly Parameter[],
    blocked: readonly BlockedParameter[],
    loss: LossFunction,
  ) {
    this.#context = context;
    this.#blocked = blocked;
    this.#loss = loss;
    const prunable = new Set(blocked.map(({ name }) => name));
    this.#parameters = all.map(({ name, shape, data }) => ({
      name,
      shape,
      data: prunable.has(name) ? new Float32Array(data.length) : data,
    }));
  }

  async lossOf(weights: readonly Float32Array[]): Promise<number> {
    for (const [i, { name, order }] of this.#blocked.entries()) {
      const parameter = this.#parameters.find((one) => one.name === name);
      if (parameter !== undefined) await toModelLayout(order, weights[i], parameter.data);
    }
    const loss = await this.#loss(this.#parameters);
    this.#context.throwIfUnusable();
    if (typeof loss !== 'number') throw optionError('loss', 'a function that gives a number', loss);
    return loss;
  }
}

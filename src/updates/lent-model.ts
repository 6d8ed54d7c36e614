import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { toModelLayout } from '../blocks/layout.js';
import { optionError } from '../errors.js';
import type { Parameter } from '../parameters.js';
import type { RunContext } from '../pool/run-context.js';

/** A tensor of the model as the loss callback gets it, row-major in its own layout. */
export interface LossParameter {
  name: string;
  shape: readonly number[];
  /** Lent until the callback returns, or what it returns settles. */
  data: Float32Array;
}

/** Mean loss of the model with these parameters, all of them, in the order given to `prune`. */
export type LossFunction = (parameters: readonly LossParameter[]) => number | Promise<number>;

/** The model with weights that change, on arrays that are used again for each evaluation. */
export class LentModel {
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

  /** The loss with weights in block order. */
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

import type { BlockedParameter } from './blocks/blocked-parameter.js';
import { toBlockOrder, toModelLayout } from './blocks/layout.js';
import { checkLength, loadMask, loadWeights } from './blocks/load-arrays.js';
import type { ParsedPattern } from './blocks/pattern.js';
import { CRITERIA, needsFisher, type ScoreInputs, scoreWeights } from './criteria/score.js';
import type { CriterionName, UpdateRule } from './engine/kernels.js';
import { WoodFisherError } from './errors.js';
import { byName, resolveDamping } from './fisher/damping.js';
import { checkStep, type FirstOrderTerm } from './fisher/first-order.js';
import type { FisherState } from './fisher/fisher-state.js';
import { groupSaliency } from './fisher/group-saliency.js';
import { inverseGradient } from './fisher/inverse-gradient.js';
import { type InverseDiagonal, invertBlocks, largestResidual } from './fisher/invert.js';
import { type Lambda, lambdaOf } from './fisher/lambda.js';
import { multiplyInverse } from './fisher/multiply.js';
import { copyInPieces, inPieces } from './memory/pieces.js';
import { checkSeedOf, checkSelection } from './method-options.js';
import { checkChoice, type Damping, DEFAULTS } from './options.js';
import type { RunContext } from './pool/run-context.js';
import { type BudgetOptions, checkBudgets } from './selection/budgets.js';
import { checkGoal } from './selection/check-goal.js';
import { type CurvePoint, checkCurve, hasLosses, lossCurve } from './selection/curve.js';
import { SELECTIONS, type Selection, traceBlocks } from './selection/greedy.js';
import { disposeRanking, type Ranking, rank } from './selection/ranking.js';
import { select } from './selection/select.js';
import { applyUpdate, type PredictedLossChange, UPDATE_RULES } from './updates/apply.js';

/** Arrays by parameter name, each in the parameter's own shape and layout. */
export type ByParameter<T> = Readonly<Record<string, T>>;

/** What the methods of {@link BlockInverse} have in common. */
export interface WeightOptions {
  /** Stand in for the weights the Fisher was created with. */
  weights?: ByParameter<Float32Array>;
  /** α of the first-order term, from 0 to 1. Default 0: the gradient is left out. */
  firstOrder?: number;
}

/** Options of {@link BlockInverse.select}. */
export interface SelectOptions extends WeightOptions, BudgetOptions {
  /** Default `woodfisher`; the only one that `greedy` has. */
  criterion?: CriterionName;
  /** Of criterion `random`. Default 0. */
  seed?: number;
  /** Default `oneshot`; `greedy` takes single weights alone. */
  selection?: Selection;
}

/** Options of {@link BlockInverse.curve}. */
export type CurveOptions = Omit<SelectOptions, 'seed' | Exclude<keyof BudgetOptions, 'scope'>>;

/** What {@link BlockInverse.trace} gives. */
export interface Removals {
  /** Grows strictly in the order in which the weights of a block go; what `greedy` ranks by. */
  keys: Record<string, Float64Array>;
  /** Predicted loss of each removal after those before it; their sum is that of all together. */
  marginalLosses: Record<string, Float64Array>;
}

/** What {@link BlockInverse.update} gives. */
export interface UpdatedWeights {
  weights: Record<string, Float32Array>;
  predictedLossChange: Record<string, PredictedLossChange>;
}

/**
 * F⁻¹ of a {@link BlockFisher} for one damping, as a view of it. All results are plain arrays in the
 * model's layout, by parameter name; parameters that are not pruned do not appear.
 */
export class BlockInverse {
  /** As it was asked for; {@link lambda} has it in numbers. */
  readonly damping: Damping;
  readonly samples: number;
  readonly #context: RunContext;
  readonly #state: FisherState;
  readonly #inverse: InverseDiagonal;
  readonly #pattern: ParsedPattern;
  readonly #check: () => void;
  readonly #lambda: Lambda;
  /** h = F⁻¹ḡ, once it was wanted. */
  #inverseGradient: Promise<Float64Array[]> | undefined;

  private constructor(
    context: RunContext,
    state: FisherState,
    damping: { asked: Damping; lambda: Lambda },
    inverse: InverseDiagonal,
    pattern: ParsedPattern,
    check: () => void,
  ) {
    this.#context = context;
    this.#state = state;
    this.damping = damping.asked;
    this.#lambda = damping.lambda;
    this.samples = state.samples;
    this.#inverse = inverse;
    this.#pattern = pattern;
    this.#check = check;
  }

  /** For {@link BlockFisher.invert}; `check` throws when the view is no longer valid. */
  static async create(
    context: RunContext,
    state: FisherState,
    damping: Damping,
    pattern: ParsedPattern,
    check: () => void,
  ): Promise<BlockInverse> {
    const lambda = await resolveDamping(state, damping);
    const inverse = await invertBlocks(context, state, lambda);
    return new BlockInverse(context, state, { asked: damping, lambda }, inverse, pattern, check);
  }

  /**
   * D = diag(F⁻¹), float64, by weight; within 1e-6 wherever float64 can know it. 1/λ for weights that
   * were pruned before.
   */
  async diagonal(): Promise<Record<string, Float64Array>> {
    this.#check();
    const lambda = this.#lambda;
    return await this.#toModel(
      this.#inverse.diagonal,
      newFloat64Array,
      (index) => 1 / lambdaOf(lambda, index),
    );
  }

  /** λ of each parameter. */
  lambda(): Record<string, number> {
    return byName(this.#state, this.#lambda);
  }

  /** The largest bound tr(F)·min(1/λ, tr(F⁻¹)) ≥ cond₂(F) of a parameter's blocks. */
  condition(): Record<string, number> {
    this.#check();
    return Object.fromEntries(
      this.#state.parameters.map(({ name }, i) => [
        name,
        this.#inverse.condition[i].reduce((a, b) => Math.max(a, b), 0),
      ]),
    );
  }

  /**
   * The largest residual ‖F(F⁻¹v) − v‖/‖v‖ among a parameter's blocks, for a fixed vector v of signs; null with
   * solver woodbury, which keeps no F to compare with.
   */
  residual(): Record<string, number | null> {
    this.#check();
    return Object.fromEntries(
      this.#state.parameters.map(({ name }, i) => [
        name,
        largestResidual(this.#inverse.residual[i]),
      ]),
    );
  }

  /**
   * F⁻¹v for a vector per parameter (each prunable parameter's, its size long). With compact blocks 0
   * for weights that were pruned before, whatever v has there.
   */
  async multiply(
    vectors: ByParameter<Float32Array | Float64Array>,
  ): Promise<Record<string, Float64Array>> {
    this.#check();
    const { lease } = this.#context;
    const { parameters } = this.#state;
    const input = parameters.map(({ size }) => lease.float64(size));
    const output = parameters.map(({ size }) => lease.float64(size));
    try {
      for (const [i, parameter] of parameters.entries()) {
        const vector = ofParameter(vectors, parameter, 'vector');
        await toBlockOrder(parameter.order, vector, input[i]);
      }
      await multiplyInverse(this.#context, this.#state, this.#lambda, input, output);
      return await this.#toModel(output, newFloat64Array);
    } finally {
      for (const array of [...input, ...output]) lease.release(array);
    }
  }

  /**
   * Scores of all weights, float64; the lower, the cheaper to remove.
   */
  async saliency(
    options: WeightOptions & { criterion?: CriterionName; seed?: number } = {},
  ): Promise<Record<string, Float64Array>> {
    this.#check();
    const criterion = this.#criterion(options.criterion);
    const seed = checkSeedOf(criterion, options.seed);
    return await this.#withScores({ criterion, seed }, options, (scores) =>
      this.#toModel(scores, newFloat64Array),
    );
  }

  /**
   * The order in which optimal brain surgeon takes the weights of each block one at a time, down to
   * none, and what each removal costs (Hassibi & Stork 1993). From it the predicted loss of any
   * sparsity follows: the sum of the marginal losses of the weights with the smallest keys.
   */
  async trace({ weights, firstOrder = 0 }: WeightOptions = {}): Promise<Removals> {
    this.#check();
    const step = checkStep(firstOrder);
    return await this.#withWeights(weights, async (own) => {
      const context = this.#context;
      const trace = await traceBlocks(context, this.#state, this.#lambda, own, { step });
      try {
        return {
          keys: await this.#toModel(trace.keys, newFloat64Array),
          marginalLosses: await this.#toModel(trace.marginalLosses, newFloat64Array),
        };
      } finally {
        for (const array of [...trace.keys, ...trace.marginalLosses]) context.lease.release(array);
      }
    });
  }

  /**
   * Masks (1 = kept) that prune what is cheapest by a criterion, in the pattern of the Fisher: weights,
   * exactly as many as `sparsity` says, or groups, until the budgets hold.
   * @throws {WoodFisherError} for budgets that contradict each other or the pattern, or ask for more
   * than there is.
   */
  async select(options: SelectOptions = {}): Promise<Record<string, Uint8Array>> {
    return await this.#withRanking(options, async (ranking) => {
      const { masks } = await select(this.#context, ranking);
      try {
        return await this.#toModel(masks, (length) => new Uint8Array(length));
      } finally {
        for (const mask of masks) this.#context.lease.release(mask);
      }
    });
  }

  /**
   * Predicted loss by sparsity, for any list of sparsities out of one ranking: the sum of what the cheapest
   * removals cost, with `oneshot` each by itself, with `greedy` one after the other, which is exact inside
   * blocks. In the pattern of the Fisher, which may not be n:m; `scope: 'layer'` prunes each parameter to the
   * sparsity.
   *
   * @throws {WoodFisherError} for criteria whose scores are no losses, and what is no list of sparsities.
   * @example
   * const curve = await inverse.curve([0.5, 0.8, 0.9, 0.95]); // [{ sparsity: 0.5, predictedLoss: … }, …]
   */
  async curve(
    sparsities: readonly number[],
    { criterion, selection, scope, weights, firstOrder }: CurveOptions = {},
  ): Promise<CurvePoint[]> {
    checkCurve(sparsities);
    const sparsity = this.#pattern.kind === 'subsets' ? undefined : 0;
    const options = { criterion, selection, scope, weights, firstOrder, sparsity };
    return await this.#withRanking(options, async (ranking) => {
      if (!hasLosses(ranking)) throw noLosses(ranking);
      return await lossCurve(this.#context, ranking, sparsities, scope === 'layer');
    });
  }

  /**
   * Loss of removing each group of a parameter's weights together, exactly:
   * ½ (w−αh)_Qᵀ [(F⁻¹)_QQ]⁻¹ (w−αh)_Q (Hassibi & Stork 1993, for a set of weights). Groups are lists of
   * flat indices in the model's layout; each must lie within one block.
   */
  async groupSaliency(
    parameter: string,
    groups: readonly ArrayLike<number>[],
    { weights, firstOrder }: WeightOptions = {},
  ): Promise<Float64Array> {
    this.#check();
    const term = await this.#firstOrder(firstOrder);
    return await this.#withWeights(weights, (own) =>
      groupSaliency(this.#context, this.#state, this.#lambda, own, parameter, groups, term),
    );
  }

  /**
   * The weights after pruning by `masks` (1 = kept) and moving the kept ones by `rule`; nothing of
   * the Fisher changes. Parameters without a mask stay as they are.
   */
  async update({
    masks,
    rule: asked,
    weights,
    firstOrder,
  }: WeightOptions & {
    masks: ByParameter<Uint8Array>;
    rule?: UpdateRule;
  }): Promise<UpdatedWeights> {
    this.#check();
    const rule = checkChoice('rule', UPDATE_RULES, asked, DEFAULTS.update);
    const term = await this.#firstOrder(firstOrder);
    const { parameters } = this.#state;
    const { lease } = this.#context;
    const after = parameters.map(({ size }) => lease.uint8(size));
    try {
      for (const [i, parameter] of parameters.entries()) {
        const { name, mask: before } = parameter;
        await loadMask(parameter, masks[name], after[i]);
        await inPieces(before.length, (begin, end) => {
          for (let c = begin; c < end; c++) after[i][c] &= before[c];
        });
      }
      return await this.#withWeights(weights, async (own) => {
        const changes = await applyUpdate(
          this.#context,
          this.#state,
          rule,
          this.#lambda,
          own,
          after,
          term,
        );
        return {
          weights: await this.#toModel(own, (length) => new Float32Array(length)),
          predictedLossChange: Object.fromEntries(
            parameters.map(({ name }, i) => [name, changes[i]]),
          ),
        };
      });
    } finally {
      for (const array of after) lease.release(array);
    }
  }

  /** Frees the inverse; the Fisher stays. */
  dispose(): void {
    const { lease } = this.#context;
    this.#inverseGradient
      ?.then((arrays) => arrays.map((array) => lease.release(array)))
      .catch(() => undefined);
    this.#inverseGradient = undefined;
    const { diagonal, condition, residual } = this.#inverse;
    for (const array of [...diagonal, ...condition, ...residual]) lease.release(array);
  }

  #criterion(asked: CriterionName | undefined): CriterionName {
    const criterion = checkChoice('criterion', CRITERIA, asked, DEFAULTS.criterion);
    if (criterion !== 'kfac') return criterion;
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      'criterion "kfac" is not of this Fisher: its sums are of the inputs and deltas of layers, not of their gradients; give those as factors to prune',
      { option: 'criterion', value: criterion },
    );
  }

  async #firstOrder(step = 0): Promise<FirstOrderTerm | undefined> {
    if (checkStep(step) === 0) return undefined;
    this.#inverseGradient ??= inverseGradient(this.#context, this.#state, this.#lambda);
    return { step, inverseGradient: await this.#inverseGradient };
  }

  /** What the criteria need to know of the inverse. */
  #scoreInputs(firstOrder: FirstOrderTerm | undefined): ScoreInputs {
    return {
      diagonal: this.#inverse.diagonal,
      squareSum: this.#state.parts.map(({ diagonalSum }) => diagonalSum),
      samples: this.#state.divisor,
      damping: this.#lambda,
      firstOrder,
    };
  }

  /** Calls `use` with what the options rank. */
  async #withRanking<T>(options: SelectOptions, use: (ranking: Ranking) => Promise<T>): Promise<T> {
    this.#check();
    const pattern = this.#pattern;
    const budgets = checkBudgets(options, pattern);
    const criterion = this.#criterion(options.criterion);
    const seed = checkSeedOf(criterion, options.seed);
    const selection = checkChoice('selection', SELECTIONS, options.selection, DEFAULTS.selection);
    checkSelection(selection, criterion, pattern);
    const state = this.#state;
    const { parameters } = state;
    checkGoal(budgets, parameters);
    const inputs = this.#scoreInputs(await this.#firstOrder(options.firstOrder));
    return await this.#withWeights(options.weights, async (weights) => {
      const ranking = await rank(this.#context, {
        ...{ parameters, weights, criterion, seed, selection, pattern, budgets },
        fisher: { state, inputs },
      });
      try {
        return await use(ranking);
      } finally {
        disposeRanking(this.#context, ranking);
      }
    });
  }

  /** Calls `use` with the scores of the weights, in block order. */
  async #withScores<T>(
    { criterion, seed }: { criterion: CriterionName; seed: number },
    { weights: given, firstOrder }: WeightOptions,
    use: (scores: Float64Array[]) => Promise<T>,
  ): Promise<T> {
    const term = await this.#firstOrder(firstOrder);
    return await this.#withWeights(given, async (weights) => {
      const inputs = needsFisher(criterion) ? this.#scoreInputs(term) : undefined;
      const { parameters } = this.#state;
      const scores = await scoreWeights(
        this.#context,
        parameters,
        weights,
        criterion,
        inputs,
        seed,
      );
      try {
        return await use(scores);
      } finally {
        for (const array of scores) this.#context.lease.release(array);
      }
    });
  }

  /** Calls `use` with a copy of the weights, given or those of the Fisher, in block order. */
  async #withWeights<T>(
    given: ByParameter<Float32Array> | undefined,
    use: (weights: Float32Array[]) => Promise<T>,
  ): Promise<T> {
    const { parameters } = this.#state;
    const { lease } = this.#context;
    const weights = parameters.map(({ size }) => lease.float32(size));
    try {
      for (const [i, parameter] of parameters.entries()) {
        if (given === undefined) await copyInPieces(parameter.weights, weights[i]);
        else await loadWeights(parameter, ofParameter(given, parameter, 'weights'), weights[i]);
      }
      return await use(weights);
    } finally {
      for (const array of weights) lease.release(array);
    }
  }

  async #toModel<T extends Float64Array | Float32Array | Uint8Array>(
    arrays: readonly T[],
    create: (length: number) => T,
    elsewhere: (index: number) => number = () => 0,
  ): Promise<Record<string, T>> {
    const result: Record<string, T> = {};
    for (const [i, { name, order, modelSize }] of this.#state.parameters.entries()) {
      result[name] = create(modelSize);
      await toModelLayout(order, arrays[i], result[name], elsewhere(i));
    }
    return result;
  }
}

function noLosses({ inputs: { criterion, pattern } }: Ranking): WoodFisherError {
  const [option, value, why] =
    pattern.kind === 'subsets'
      ? ['pattern', pattern.text, 'prunes one sparsity, of which there is no curve']
      : ['criterion', criterion, 'gives scores that are no predicted losses'];
  return new WoodFisherError('ERR_WOODFISHER_OPTION', `${option} "${value}" ${why}`, {
    option,
    value,
  });
}

function newFloat64Array(length: number): Float64Array {
  return new Float64Array(length);
}

function ofParameter<T extends Float32Array | Float64Array>(
  arrays: ByParameter<T>,
  { name, modelSize }: BlockedParameter,
  what: string,
): T {
  const array = arrays[name];
  if (array === undefined) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_MISSING',
      `there is no ${what} for parameter "${name}"`,
      {
        parameter: name,
      },
    );
  }
  checkLength(name, what, array, modelSize);
  return array;
}

import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import type { ParsedPattern } from '../blocks/pattern.js';
import { usesInverse } from '../criteria/score.js';
import type { EstimatedFisher } from '../fisher/estimate.js';
import type { FirstOrderTerm } from '../fisher/first-order.js';
import { inverseGradient } from '../fisher/inverse-gradient.js';
import { type InverseDiagonal, invertBlocks } from '../fisher/invert.js';
import { inPieces } from '../memory/pieces.js';
import type { StatisticsOption } from '../options.js';
import type { Parameter } from '../parameters.js';
import type { RunContext } from '../pool/run-context.js';
import type { PhaseClock } from '../progress/phase-clock.js';
import type { Budgets } from '../selection/budgets.js';
import { type Ranking, rank } from '../selection/ranking.js';
import { type SelectedMasks, select } from '../selection/select.js';
import { applyUpdate, type PredictedLossChange } from '../updates/apply.js';
import { LentModel } from '../updates/lent-model.js';
import { type StepSearch, searchStep } from '../updates/search-step.js';
import { compareMagnitude, type MagnitudeComparison } from './compare-magnitude.js';
import type { Method } from './method.js';

/** How a step is done. */
export interface StepSettings extends Method {
  /** What is pruned as one. */
  pattern: ParsedPattern;
  /** `full`: the last step is compared with magnitude. */
  statistics: StatisticsOption;
}

/** What one pruning step works on. */
export interface StepInput {
  /** All parameters of the model, for the loss. */
  all: readonly Parameter[];
  /** Block order; their masks say what is still there. The weights change in place. */
  parameters: readonly BlockedParameter[];
  /** Absent: criteria that do without gradients alone. */
  fisher: EstimatedFisher | undefined;
  /** How much is pruned when the step is done. */
  budgets: Budgets;
  /** α of the step before, by which this one selects; absent at first. */
  stepBefore?: number;
  /** The loss after the step before, where it was measured. */
  lossBefore?: number;
  /** Whether no step follows, so that it is compared with magnitude. */
  last: boolean;
  /** Of blocks of the same parameters that were updated already, where `parameters` are only some blocks. */
  changesBefore?: readonly PredictedLossChange[];
}

/** What a step has done; arrays by parameter, in block order, on the run's memory. */
export interface StepOutcome extends SelectedMasks {
  inverse: InverseDiagonal | undefined;
  ranking: Ranking;
  changes: PredictedLossChange[] | undefined;
  /** Of the last step; absent for criterion magnitude. */
  magnitude?: MagnitudeComparison;
  /** α of the update, and the search that found it; absent where the gradient was left out. */
  firstOrder?: { step: number; search?: StepSearch };
  /** Absent without a loss. */
  measuredLoss?: MeasuredLoss;
}

/** Loss on held-out data before a step and after it; not finite where the model gives no such. */
export interface MeasuredLoss {
  before: number;
  after: number;
}

/** Ranks, cuts and updates once, with one Fisher. */
export async function pruningStep(
  context: RunContext,
  settings: StepSettings,
  clock: PhaseClock,
  input: StepInput,
): Promise<StepOutcome> {
  const { inverse, h, ranking } = await scoreStep(context, settings, clock, input);
  const selected = await clock.time('select', () => select(context, ranking));
  const magnitude =
    input.last && settings.statistics === 'full'
      ? await clock.time('compare', () => compareMagnitude(context, ranking, selected))
      : undefined;
  const update = () => updateStep(context, settings, clock, input, selected.masks, h);
  const updated = await measured(context, settings, clock, input, update);
  for (const array of h ?? []) context.lease.release(array);
  return { inverse, ranking, ...selected, ...updated, magnitude };
}

type Updated = Pick<StepOutcome, 'changes' | 'firstOrder' | 'measuredLoss'>;

/** An update with the loss before and after it: those that a line search has found, or else measured. */
async function measured(
  context: RunContext,
  { loss, firstOrder }: StepSettings,
  clock: PhaseClock,
  { all, parameters, lossBefore }: StepInput,
  update: () => Promise<Updated>,
): Promise<Updated> {
  if (loss === undefined) return await update();
  if (firstOrder !== undefined && 'search' in firstOrder) {
    const updated = await update();
    const { search } = updated.firstOrder ?? {};
    return {
      ...updated,
      measuredLoss: search && { before: search.lossBefore, after: search.lossAfter },
    };
  }
  const model = new LentModel(context, all, parameters, loss);
  const measure = (): Promise<number> =>
    clock.time('measure', () => model.lossOf(parameters.map(({ weights }) => weights)));
  const before = lossBefore ?? (await measure());
  const updated = await update();
  return { ...updated, measuredLoss: { before, after: await measure() } };
}

/** What a step ranks by; arrays on the run's memory. */
export interface ScoredStep {
  inverse?: InverseDiagonal;
  h?: Float64Array[];
  ranking: Ranking;
}

/** Inverts and scores, of all parameters or of some blocks. */
export async function scoreStep(
  context: RunContext,
  settings: StepSettings,
  clock: PhaseClock,
  input: StepInput,
): Promise<ScoredStep> {
  const { inverse, h } = await invert(context, settings, clock, input);
  const selectionStep = selectionStepOf(settings, input);
  const term = h && { step: selectionStep, inverseGradient: h };
  const ranking = await clock.time('score', () => score(context, settings, input, inverse, term));
  return { inverse, h, ranking };
}

/** α by which weights are ranked: the one given, or for a line search that of the step before. */
function selectionStepOf({ firstOrder }: StepSettings, { stepBefore = 0 }: StepInput): number {
  if (firstOrder === undefined) return 0;
  return 'step' in firstOrder ? firstOrder.step : stepBefore;
}

/** D and the condition where they are wanted, and h for the first-order term. */
async function invert(
  context: RunContext,
  { criterion, firstOrder }: StepSettings,
  clock: PhaseClock,
  { fisher }: StepInput,
): Promise<{ inverse?: InverseDiagonal; h?: Float64Array[] }> {
  if (fisher === undefined || (!usesInverse(criterion) && firstOrder === undefined)) return {};
  const { state, damping } = fisher;
  return await clock.time('invert', async () => ({
    inverse: usesInverse(criterion) ? await invertBlocks(context, state, damping) : undefined,
    h: firstOrder && (await inverseGradient(context, state, damping)),
  }));
}

/** Scores what may be pruned: weights by criterion or in greedy order, or groups. */
async function score(
  context: RunContext,
  { criterion, seed, selection, pattern }: StepSettings,
  { parameters, fisher, budgets }: StepInput,
  inverse: InverseDiagonal | undefined,
  firstOrder: FirstOrderTerm | undefined,
): Promise<Ranking> {
  const weights = parameters.map((parameter) => parameter.weights);
  const ranked = { parameters, weights, criterion, seed, selection, pattern, budgets };
  if (fisher === undefined) return await rank(context, ranked);
  const { state, damping } = fisher;
  const inputs = {
    diagonal: inverse?.diagonal ?? [],
    squareSum: state.parts.map(({ diagonalSum }) => diagonalSum),
    samples: state.divisor,
    damping,
    firstOrder,
  };
  return await rank(context, { ...ranked, fisher: { state, inputs } });
}

/** Prunes by the masks and updates, all parameters or some blocks. */
export async function updateStep(
  context: RunContext,
  { update: rule, firstOrder }: StepSettings,
  clock: PhaseClock,
  { all, parameters, fisher, stepBefore, lossBefore, changesBefore }: StepInput,
  masks: readonly Uint8Array[],
  h: readonly Float64Array[] = [],
): Promise<Pick<StepOutcome, 'changes' | 'firstOrder'>> {
  const weights = parameters.map((parameter) => parameter.weights);
  if (fisher === undefined) {
    await clock.time('update', () => zeroPruned(weights, masks));
    return { changes: undefined };
  }
  const updated = (some: readonly Float32Array[], step: number) =>
    applyUpdate(
      context,
      fisher.state,
      rule,
      fisher.damping,
      some,
      masks,
      { step, inverseGradient: h },
      changesBefore,
    );
  const search =
    firstOrder && 'search' in firstOrder
      ? await clock.time('search', () =>
          searchStep(context, firstOrder.search, {
            all,
            parameters,
            weights,
            update: updated,
            start: stepBefore,
            lossBefore,
          }),
        )
      : undefined;
  const step = search?.step ?? (firstOrder && 'step' in firstOrder ? firstOrder.step : 0);
  const changes = await clock.time('update', () => updated(weights, step));
  return { changes, firstOrder: firstOrder && { step, search } };
}

/** Without a Fisher pruning is setting to zero. */
async function zeroPruned(
  weights: readonly Float32Array[],
  masks: readonly Uint8Array[],
): Promise<void> {
  for (const [i, w] of weights.entries()) {
    await inPieces(w.length, (begin, end) => {
      for (let c = begin; c < end; c++) if (masks[i][c] === 0) w[c] = 0;
    });
  }
}

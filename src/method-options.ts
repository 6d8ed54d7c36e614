import type { ParsedPattern } from './blocks/pattern.js';
import { CRITERIA, needsFisher, usesInverse } from './criteria/score.js';
import type { CriterionName, UpdateRule } from './engine/kernels.js';
import { optionError, WoodFisherError } from './errors.js';
import { checkStep } from './fisher/first-order.js';
import { checkChoice, checkSeed, checkWhole, DEFAULTS } from './options.js';
import { SELECTIONS, type Selection } from './selection/greedy.js';
import type { Method } from './steps/method.js';
import { checkSchedule, describeSchedule, type Schedule } from './steps/schedule.js';
import { UPDATE_RULES } from './updates/apply.js';
import type { LossFunction } from './updates/lent-model.js';

/** Steps of a run at most. */
export const MAX_STEPS = 64;

/** What of the options of `prune` says which weights go, and what the others do. */
export interface MethodOptions {
  /** How weights are ranked. Default `woodfisher`. */
  criterion?: CriterionName;
  /** Of criterion `random`: a whole number from 0 to 2³² − 1. The same seed prunes the same weights. Default 0. */
  seed?: number;
  /**
   * `oneshot` ranks every weight by its own removal; `greedy` removes one weight at a time inside each
   * block (optimal brain surgeon). Default `oneshot`.
   */
  selection?: Selection;
  /** How kept weights make up for pruned ones. Default `joint`; `none` without gradients. */
  update?: UpdateRule;
  /**
   * Takes the gradient into saliency and update (WoodTaylor), h = F⁻¹ḡ shortened to α·h: `step` is α
   * from 0 to 1, or `line-search` by `loss`. `true`: the line search where there is a `loss`, else
   * α = 1 with a warning, since the full step mostly overshoots. Default false.
   */
  firstOrder?: boolean | { step: number | 'line-search' };
  /**
   * The loss over *held-out* examples, which the statistics show before and after beside the predicted
   * change, and which the line search minimises: on the examples whose gradients made the Fisher every
   * step looks better than it is. Called once before the first step and once after each, with a line
   * search at most 12 times a step.
   */
  loss?: LossFunction;
  /** Pruning steps, 1 … 64, with gradients taken again at each. Default 1. */
  steps?: number;
  /** How sparsity grows over the steps. Default `cubic`. */
  schedule?: Schedule;
}

/** What decides which other options have a meaning. */
export interface MethodContext {
  pattern: ParsedPattern;
  /** Whether a budget leaves nothing of the model, or of some parameter. */
  emptying: boolean;
  /** Whether there are gradients, and whether they are given anew for each step. */
  gradients: 'none' | 'once' | 'each step';
}

/** Fills in the defaults; refuses pairs of options that have no meaning. */
export function checkMethod(options: MethodOptions, context: MethodContext): Method {
  const criterion = checkChoice('criterion', CRITERIA, options.criterion, DEFAULTS.criterion);
  const seed = checkSeedOf(criterion, options.seed);
  const selection = checkChoice('selection', SELECTIONS, options.selection, DEFAULTS.selection);
  const without = context.gradients === 'none';
  if (without && needsFisher(criterion)) {
    throw refused(
      'gradients',
      `criterion "${criterion}" needs gradients; only "magnitude" and "random" do without`,
    );
  }
  const fallback = without ? 'none' : DEFAULTS.update;
  const update = checkChoice('update', UPDATE_RULES, options.update, fallback);
  if (without && update !== 'none') {
    throw refused(
      'update',
      `update "${update}" needs gradients: without a Fisher the kept weights cannot make up for the pruned ones; give gradients, or update "none"`,
      update,
    );
  }
  checkSelection(selection, criterion, context.pattern, update);
  const { firstOrder, warnings } = checkFirstOrder(options, update);
  const steps = checkSteps(options, context);
  const { loss } = options;
  return { criterion, seed, selection, update, firstOrder, loss, warnings, ...steps };
}

/** Refuses a seed where nothing is random. */
export function checkSeedOf(criterion: CriterionName, seed: number | undefined): number {
  if (seed !== undefined && criterion !== 'random') {
    throw refused(
      'seed',
      `seed is for criterion "random", but criterion is "${criterion}"; leave seed out`,
      seed,
    );
  }
  return checkSeed(seed);
}

/** Refuses what greedy selection does not go with. */
export function checkSelection(
  selection: Selection,
  criterion: CriterionName,
  pattern: ParsedPattern,
  update: UpdateRule = 'joint',
): void {
  if (selection !== 'greedy') return;
  if (pattern.kind !== 'unstructured') {
    throw refused(
      'selection',
      `selection "greedy" takes one weight at a time, which pattern "${pattern.text}" does not; use pattern "unstructured", or selection "oneshot"`,
      selection,
    );
  }
  if (!usesInverse(criterion)) {
    throw refused(
      'selection',
      `selection "greedy" takes the weight that raises the loss least by the Fisher, so that criterion "${criterion}" has no part in it; use criterion "woodfisher" or "kfac", or selection "oneshot"`,
      selection,
    );
  }
  if (update !== 'joint') {
    throw refused(
      'selection',
      `selection "greedy" counts on the other weights making up for each removal together, which update "${update}" does not do; use update "joint", or selection "oneshot"`,
      selection,
    );
  }
}

function checkFirstOrder(
  { firstOrder = false, loss }: MethodOptions,
  update: UpdateRule,
): Pick<Method, 'firstOrder' | 'warnings'> {
  if (loss !== undefined && typeof loss !== 'function')
    throw optionError('loss', 'a function', loss);
  if (firstOrder === false) return { firstOrder: undefined, warnings: [] };
  if (update === 'none') {
    throw refused(
      'firstOrder',
      'firstOrder moves the kept weights along the gradient, which update "none" leaves as they are; use update "joint" or "independent"',
      firstOrder,
    );
  }
  const step = firstOrder === true ? (loss === undefined ? 1 : 'line-search') : firstOrder?.step;
  if (step === 'line-search') {
    if (loss !== undefined) return { firstOrder: { search: loss }, warnings: [] };
    throw refused(
      'loss',
      'firstOrder with step "line-search" needs loss, a function over held-out examples',
    );
  }
  if (step === undefined) {
    throw optionError(
      'firstOrder',
      'true, false or {step: a number from 0 to 1, or "line-search"}',
      firstOrder,
    );
  }
  checkStep(step);
  return { firstOrder: { step }, warnings: firstOrder === true ? [FULL_STEP] : [] };
}

const FULL_STEP =
  'firstOrder takes the full step F⁻¹ḡ, which overshoots at most trained networks; give a loss over held-out examples for a line search, or a smaller step';

function checkSteps(
  { steps = DEFAULTS.steps, schedule: asked }: MethodOptions,
  { pattern, emptying, gradients }: MethodContext,
): Pick<Method, 'steps' | 'schedule'> {
  checkWhole('steps', steps, { most: MAX_STEPS });
  const schedule = checkSchedule(asked);
  if (steps === 1) {
    if (asked === undefined) return { steps, schedule };
    throw refused(
      'schedule',
      `schedule "${describeSchedule(schedule)}" is for several steps, but steps is 1`,
      schedule,
    );
  }
  if (gradients !== 'each step') {
    throw refused(
      'steps',
      `steps ${steps} takes gradients again at each step; give gradients as a function that is called with the weights of the step`,
      steps,
    );
  }
  if (pattern.kind === 'subsets') {
    throw refused(
      'steps',
      `steps ${steps} raises the sparsity from step to step, but pattern "${pattern.text}" says it once and for all; use steps 1`,
      steps,
    );
  }
  if (schedule === 'geometric' && emptying) {
    throw refused(
      'schedule',
      'schedule "geometric" keeps the same share of the weights in each step and never comes to sparsity 1; use "cubic" or "linear"',
      schedule,
    );
  }
  return { steps, schedule };
}

function refused(option: string, message: string, value?: unknown): WoodFisherError {
  return new WoodFisherError('ERR_WOODFISHER_OPTION', message, { option, value });
}

import { isPrunable, type ParameterShape, sizeOf } from '../blocks/block-shape.js';
import { checkBlocks } from '../blocks/check-blocks.js';
import { type Pattern, type PatternAxis, parsePattern } from '../blocks/pattern.js';
import { CRITERIA, needsFisher } from '../criteria/score.js';
import { type ChosenEngine, chooseEngine, type EngineOption } from '../engine/engine.js';
import type { CriterionName, UpdateRule } from '../engine/kernels.js';
import { optionError } from '../errors.js';
import { memoryBudget } from '../memory/budget.js';
import type { MemoryBudget, MemoryBytes, MemorySuggestion } from '../memory-refusal.js';
import {
  type BlockLayout,
  checkBlockSize,
  checkChoice,
  checkDamping,
  checkGradientBatch,
  checkSamples,
  checkSparsity,
  checkWhole,
  type Damping,
  DEFAULTS,
  STATISTICS_OPTIONS,
  type StatisticsOption,
} from '../options.js';
import { checkThreads } from '../pool/threads.js';
import { SELECTIONS, type Selection } from '../selection/greedy.js';
import type { ChosenSolver, SolverOption } from '../solvers/choose.js';
import { UPDATE_RULES } from '../updates/apply.js';
import { memoryOf } from './memory.js';
import { type PredictedSeconds, predictSeconds } from './predict.js';
import { measureRates, type Rates } from './rates.js';
import { planRun } from './run-plan.js';
import { isKfac, type RunSettings, USUAL_BATCH } from './run-settings.js';
import { suggestMemory } from './suggest.js';
import { type Work, workOf } from './work.js';

/** Options of {@link estimate}. Those that `prune` has mean the same and have the same defaults. */
export interface EstimateOptions {
  /**
   * All parameters of the model; their data are not needed. `gradients: 'factored'` where they will
   * come as the factors of outer products. Default `'whole'`.
   */
  parameters: readonly (ParameterShape & { gradients?: 'whole' | 'factored' })[];
  /** `prune`: all of a run of prune(). `fisher`: BlockFisher's create, add and invert. Default `prune`. */
  run?: 'prune' | 'fisher';
  blockSize?: number;
  /** With `compact` the `survivors` of the parameters are cut; default all. */
  blocks?: BlockLayout;
  pattern?: Pattern;
  patternAxis?: PatternAxis;
  solver?: SolverOption;
  /** N. Without it there is no time, and solver `auto` is `gram`. */
  samples?: number;
  damping?: Damping;
  /** Samples of a batch at most. Default 128. */
  gradientBatch?: number;
  criterion?: CriterionName;
  /** Default `joint`; `none` for criteria `magnitude` and `random`, which then need no gradients. */
  update?: UpdateRule;
  /** Default `oneshot`. */
  selection?: Selection;
  /** Whether the first-order term is there, and its step searched. Default: neither. */
  firstOrder?: 'step' | 'search';
  /** For the time of the update. Default 0.9. */
  sparsity?: number;
  threads?: number;
  engine?: EngineOption;
  inPlace?: boolean;
  /** Default `full`. */
  statistics?: StatisticsOption;
  /** Bytes, or words such as '2GiB'. Default: what the machine or the container has. */
  memoryLimit?: number | string;
}

/** What a run will take, as far as it can be known before. */
export interface Estimate {
  /** null where no Fisher is made. */
  solver: ChosenSolver | null;
  /** Exact for the shared memory: what `peakBytes` will be. */
  bytes: MemoryBytes;
  /** Whether `bytes.total` is within the limit; where not, what would be. */
  memory: { limit: MemoryBudget; fits: boolean; suggestions: MemorySuggestion[] };
  /** Arithmetic of the phases; of solver dual `accumulate` is the number of stored values. */
  flops: Work;
  /** Mostly within a factor of 2; null without `samples`, and for criterion `kfac`. Reading the gradients is not in it. */
  seconds: PredictedSeconds | null;
  /** What the seconds come from: a measurement of some ms in this process. */
  basis: { engine: ChosenEngine; threads: number; rates: Rates } | null;
}

/**
 * Memory and time of a run before anything of it is there: no data, no allocation. Bytes, flops and
 * the solver follow from the options alone; the seconds from a measurement of this machine, which
 * decides nothing.
 *
 * @throws {WoodFisherError} for options and shapes that are refused, or a missing engine; not for too
 *   little memory.
 * @example
 * const { bytes, seconds } = await estimate({
 *   parameters: [{ name: 'fc.weight', shape: [4096, 4096] }],
 *   samples: 1000,
 *   memoryLimit: '8GiB',
 * });
 */
export async function estimate(options: EstimateOptions): Promise<Estimate> {
  const settings = checkEstimate(options);
  const limit = memoryBudget(options.memoryLimit);
  const plan = planRun(settings, limit.source === 'memoryLimit' ? limit.bytes : undefined);
  const { afterSamples: _, ...bytes } = memoryOf(plan);
  const engine = chooseEngine(options.engine);
  const fits = bytes.total <= limit.bytes;
  const known = {
    solver: plan.solver ?? null,
    bytes,
    memory: { limit, fits, suggestions: fits ? [] : suggestMemory(settings, limit.bytes) },
    flops: workOf(plan),
  };
  const { samples, threads } = plan;
  if (samples === undefined || isKfac(plan)) {
    return { ...known, seconds: null, basis: null };
  }
  const rates = await measureRates(engine, plan);
  const seconds = predictSeconds({ ...plan, samples }, rates);
  return { ...known, seconds, basis: { engine, threads, rates } };
}

function checkEstimate(options: EstimateOptions): RunSettings {
  const { run = 'prune', parameters, solver = DEFAULTS.solver, inPlace = false } = options;
  if (run !== 'prune' && run !== 'fisher') throw optionError('run', 'one of prune, fisher', run);
  const criterion = checkChoice('criterion', CRITERIA, options.criterion, DEFAULTS.criterion);
  const fallback = needsFisher(criterion) ? DEFAULTS.update : 'none';
  const update = checkChoice('update', UPDATE_RULES, options.update, fallback);
  const needed = run === 'fisher' || needsFisher(criterion) || update !== 'none';
  checkSurvivors(parameters);
  const factored = parameters.filter((one) => isPrunable(one) && one.gradients === 'factored');
  return {
    ...{ run, parameters, criterion, update, inPlace },
    solver: needed ? solver : undefined,
    factored: new Set(factored.map(({ name }) => name)),
    blockSize: checkBlockSize(options.blockSize),
    ...checkBlocks(options.blocks, parsePattern(options.pattern, options.patternAxis)),
    samples: checkSamples(options.samples),
    damping: options.damping === undefined ? undefined : checkDamping(options.damping),
    gradientBatch: checkGradientBatch(options.gradientBatch ?? USUAL_BATCH),
    statistics: checkChoice(
      'statistics',
      STATISTICS_OPTIONS,
      options.statistics,
      DEFAULTS.statistics,
    ),
    selection: checkChoice('selection', SELECTIONS, options.selection, DEFAULTS.selection),
    firstOrder: options.firstOrder,
    sparsity: checkSparsity(options.sparsity ?? 0.9),
    threads: checkThreads(options.threads),
  };
}

function checkSurvivors(parameters: readonly ParameterShape[]): void {
  for (const { name, shape, survivors } of parameters) {
    if (survivors === undefined) continue;
    checkWhole(`survivors of "${name}"`, survivors, { least: 0, most: sizeOf(shape) });
  }
}

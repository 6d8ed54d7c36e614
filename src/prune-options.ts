import type { BlockFisher } from './block-fisher.js';
import type { ParameterShape } from './blocks/block-shape.js';
import { checkBlocks } from './blocks/check-blocks.js';
import { type Pattern, type PatternAxis, parsePattern } from './blocks/pattern.js';
import { checkKfac } from './criteria/check-kfac.js';
import type { EngineOption } from './engine/engine.js';
import { WoodFisherError } from './errors.js';
import { memoryBudget } from './memory/budget.js';
import type { MemoryBudget } from './memory-refusal.js';
import { checkMethod, type MethodOptions } from './method-options.js';
import {
  type BlockLayout,
  checkBlockSize,
  checkChoice,
  checkDamping,
  checkGradientBatch,
  checkSamples,
  type Damping,
  DEFAULTS,
  STATISTICS_OPTIONS,
  type StatisticsOption,
} from './options.js';
import type { Parameter } from './parameters.js';
import type { RunSettings } from './plan/run-settings.js';
import { checkThreads } from './pool/threads.js';
import type { Preset } from './preset-names.js';
import type { ProgressListener } from './progress/progress.js';
import type { ReportedSettings } from './report/reported-settings.js';
import { type BudgetOptions, type Budgets, checkBudgets } from './selection/budgets.js';
import { checkCurve } from './selection/curve.js';
import type { SolverOption } from './solvers/choose.js';
import { checkForm, type FisherForm, type FisherFormOptions } from './solvers/form.js';
import { checkDampings } from './steps/damping-sweep.js';
import type { GradientSource } from './steps/gradient-source.js';
import type { Method } from './steps/method.js';
import type { PrunedParameter } from './steps/results.js';

/** Options of `prune`. */
export interface PruneOptions extends MethodOptions, BudgetOptions, FisherFormOptions {
  /** A recipe under a name: the options that it decides and that are not given. Default: none. */
  preset?: Preset;
  /** All parameters of the model, in an order that decides ties. */
  parameters: readonly Parameter[];
  /**
   * Gradient samples for all prunable parameters, or a function that gives them for each pruning step,
   * taken at the weights of that step. Only criteria `magnitude` and `random` do without.
   */
  gradients?: GradientSource;
  /**
   * In place of `gradients`: a Fisher of this model, saved by BlockFisher.save or `saveFisher` (the path),
   * or in memory. `blockSize`, `blocks`, `solver`, `samples` and `examplesPerSample` are then what it has.
   */
  fisher?: string | BlockFisher;
  /** A path where the Fisher is saved as soon as all samples are in; it stays when the run fails later. */
  saveFisher?: string;
  /**
   * Dampings to compare before pruning with `damping`: `dampingSweep` of the statistics. For criterion
   * `woodfisher` and selection `oneshot` in one step.
   */
  dampingSweep?: readonly Damping[];
  /** What is pruned as one. Default `unstructured`: single weights. */
  pattern?: Pattern;
  /** Along which axis the groups of patterns `1xk` and `n:m` lie. Default `in`. */
  patternAxis?: PatternAxis;
  /** Declares that weights of the prunable parameters which are 0 have been pruned. Default false. */
  zerosArePruned?: boolean;
  /** How many gradient samples come (at each step); needed by solver `woodbury`. Another count is then an error. */
  samples?: number;
  /** Weights per block at most, 1 … 32767. Default 100. */
  blockSize?: number;
  /**
   * `parameter`: blocks are runs of weights, pruned or not. `compact`: runs of the weights that are
   * still there, cut anew at each step, so that a block holds `blockSize` weights that interact however
   * sparse the model is, and there are fewer blocks the sparser it is. Default `parameter`.
   */
  blocks?: BlockLayout;
  /** λ > 0 of F = λI + (1/N) Σ g gᵀ, absolute or relative to the gradients. Default 1e-5. */
  damping?: Damping;
  solver?: SolverOption;
  engine?: EngineOption;
  /** Tasks that run at once. Default: the processors that are available. The result is the same for any. */
  threads?: number;
  /**
   * Bytes, or words such as '2GiB', that the run may take at most: its shared memory, the scratch of
   * its kernels and the arrays it returns, beside about 60 MB of Node.js and 10 MB a thread. A run that
   * needs more is refused before it allocates, and a batch that does not fit when it comes; `auto`
   * takes another solver where that helps. Default: what the machine or the container has.
   */
  memoryLimit?: number | string;
  /** Samples that a batch of `gradients` has at most, where known: two such batches are counted beforehand. */
  gradientBatch?: number;
  /**
   * `basic` leaves out the curve of loss by sparsity and the comparison with magnitude, which take about
   * as long as the sums over 50 samples. Default `full`.
   */
  statistics?: StatisticsOption;
  /**
   * Sparsities of the statistics' `curve`, beside the one that was asked for. Default 0.05 … 0.95 in
   * steps of 0.05, and 0.96 … 0.99.
   */
  curve?: readonly number[];
  /**
   * Gives the score of every prunable weight (see {@link PrunedParameter}), of the last step: what its
   * removal costs by the criterion, or that of its group. Default false.
   */
  scores?: boolean;
  /** Writes the pruned weights into the arrays of `parameters`, when all else has succeeded. Default false. */
  inPlace?: boolean;
  signal?: AbortSignal;
  onProgress?: ProgressListener;
}

/** The options with their defaults, checked. */
export interface PruneSettings extends ReportedSettings {
  zerosArePruned: boolean;
  samples: number | undefined;
  form: FisherForm;
  memory: MemoryBudget;
  gradientBatch: number | undefined;
  /** Absent: criteria that do without gradients alone. */
  gradients: PruneOptions['gradients'];
  /** In place of gradients. */
  fisher: PruneOptions['fisher'];
  saveFisher: string | undefined;
  scores: boolean;
  dampingSweep: readonly Damping[] | undefined;
}

/** Fills in the defaults; refuses what an option, or two together, may not be. */
export function checkSettings(options: PruneOptions): PruneSettings {
  const { gradients, fisher } = options;
  const { blocks, pattern } = checkBlocks(
    options.blocks,
    parsePattern(options.pattern, options.patternAxis),
  );
  const budgets = checkBudgets(options, pattern);
  const method = checkMethod(options, {
    pattern,
    emptying: emptiesSomething(budgets),
    gradients: timesOf(options),
  });
  const form = checkForm(options);
  if (method.criterion === 'kfac') checkKfac(options, form);
  return {
    preset: options.preset,
    ...method,
    ...checkSource(options, method),
    pattern,
    blocks,
    budgets,
    zerosArePruned: options.zerosArePruned ?? false,
    samples: checkSamples(options.samples),
    blockSize: checkBlockSize(options.blockSize),
    damping: checkDamping(options.damping),
    form,
    statistics: checkChoice(
      'statistics',
      STATISTICS_OPTIONS,
      options.statistics,
      DEFAULTS.statistics,
    ),
    curve: checkCurve(options.curve, 'curve'),
    scores: options.scores ?? false,
    threads: checkThreads(options.threads),
    memory: memoryBudget(options.memoryLimit),
    gradientBatch: checkGradientBatch(options.gradientBatch),
    gradients,
    fisher,
  };
}

/** What of the options and settings decides memory and arithmetic. */
export function runSettings(
  {
    parameters,
    solver = DEFAULTS.solver,
    inPlace = false,
  }: Pick<PruneOptions, 'solver' | 'inPlace'> & { parameters: readonly ParameterShape[] },
  settings: PruneSettings,
): RunSettings {
  const { firstOrder } = settings;
  return {
    ...settings,
    run: 'prune',
    parameters,
    sparsity: expectedSparsity(settings),
    solver: settings.gradients === undefined && settings.fisher === undefined ? undefined : solver,
    firstOrder: firstOrder && ('search' in firstOrder ? 'search' : 'step'),
    measuresLoss: settings.loss !== undefined,
    inPlace,
  };
}

/** What goes together of gradients, a Fisher in their place, and what becomes of it. */
function checkSource(
  { gradients, fisher, saveFisher, dampingSweep, solver = DEFAULTS.solver }: PruneOptions,
  { criterion, selection, firstOrder, steps }: Method,
): Pick<PruneSettings, 'saveFisher' | 'dampingSweep'> {
  const refused = (option: string, message: string): WoodFisherError =>
    new WoodFisherError('ERR_WOODFISHER_OPTION', message, { option });
  if (fisher !== undefined && gradients !== undefined) {
    throw refused('fisher', 'fisher stands in place of gradients; give one of the two');
  }
  if (saveFisher !== undefined && gradients === undefined) {
    throw refused('saveFisher', 'saveFisher saves the Fisher of the gradients, but there are none');
  }
  if (saveFisher !== undefined && steps > 1) {
    throw refused(
      'saveFisher',
      `saveFisher saves one Fisher, but each of the ${steps} steps has one of its own`,
    );
  }
  if (dampingSweep === undefined) return { saveFisher, dampingSweep };
  if (criterion !== 'woodfisher' || selection !== 'oneshot') {
    throw refused(
      'dampingSweep',
      `dampingSweep compares rankings by criterion "woodfisher" and selection "oneshot", not by "${criterion === 'woodfisher' ? selection : criterion}"`,
    );
  }
  if (firstOrder !== undefined || steps > 1) {
    throw refused(
      'dampingSweep',
      `dampingSweep compares one step without the gradient; leave ${steps > 1 ? 'steps' : 'firstOrder'} out`,
    );
  }
  return { saveFisher, dampingSweep: checkDampings(dampingSweep, solver, 'dampingSweep') };
}

function timesOf({ gradients, fisher }: PruneOptions): 'none' | 'once' | 'each step' {
  if (gradients === undefined) return fisher === undefined ? 'none' : 'once';
  return typeof gradients === 'function' ? 'each step' : 'once';
}

/** Whether a budget leaves nothing of what it is about. */
function emptiesSomething({ sparsity, targetFlops }: Budgets): boolean {
  const shares = typeof sparsity === 'object' ? Object.values(sparsity) : [sparsity];
  return shares.includes(1) || targetFlops === 0;
}

/** About what fraction goes, for the time that an update will take. */
function expectedSparsity({ pattern, budgets }: PruneSettings): number {
  if (pattern.kind === 'subsets') return 1 - pattern.keep / pattern.size;
  const { sparsity, targetFlops = 1 } = budgets;
  if (typeof sparsity === 'number') return sparsity;
  const shares = Object.values(sparsity ?? {});
  if (shares.length > 0) return shares.reduce((a, b) => a + b, 0) / shares.length;
  return targetFlops <= 1 ? 1 - targetFlops : 0.5;
}

import { sourceOf } from './block-fisher.js';
import { blockParameters } from './blocks/block-parameters.js';
import { isPrunable } from './blocks/block-shape.js';
import type { BlockedParameter } from './blocks/blocked-parameter.js';
import { regroupSurvivors, shapesOfSurvivors } from './blocks/survivors.js';
import { chooseEngine } from './engine/engine.js';
import type { KernelName } from './engine/kernels.js';
import { type EstimatedFisher, estimateFisher } from './fisher/estimate.js';
import { LiveSource } from './fisher/file/live-source.js';
import { saveState } from './fisher/file/save.js';
import { savedSettings } from './fisher/file/saved-settings.js';
import type { StateSource } from './fisher/file/state-source.js';
import { withSources } from './fisher/file/with-sources.js';
import { estimateKfac } from './fisher/kfac/estimate.js';
import { loadFisher } from './fisher/load.js';
import { type PredictedSeconds, predictSeconds } from './plan/predict.js';
import { isWorthMeasuring, measureRates, type Rates } from './plan/rates.js';
import { type FittingRun, fitRun } from './plan/require-memory.js';
import { RunContext } from './pool/run-context.js';
import { presetSamples, withPreset } from './presets.js';
import type { PhaseStatistics } from './progress/phase-clock.js';
import { PhaseClock } from './progress/phase-clock.js';
import {
  checkSettings,
  type PruneOptions,
  type PruneSettings,
  runSettings,
} from './prune-options.js';
import { fisherFigures } from './report/fisher-figures.js';
import type { RunStatistics } from './report/statistics.js';
import { StepHistory } from './report/step-history.js';
import { conditionsOf, groupFigures, residualsOf, runStatistics } from './report/summarise.js';
import { checkGoal } from './selection/check-goal.js';
import { listsInMemory } from './selection/ranked-lists.js';
import { disposeRanking } from './selection/ranking.js';
import { weightScores } from './selection/weight-scores.js';
import type { StepJournal } from './step-journal.js';
import { type SweptDamping, sweepDampings } from './steps/damping-sweep.js';
import type { GradientBatches } from './steps/gradient-source.js';
import { pruningStep, type StepOutcome } from './steps/pruning-step.js';
import { inModelLayout, type PrunedParameter } from './steps/results.js';
import { stepBudgets } from './steps/step-budgets.js';

export interface PruneResult {
  /** All parameters, in the order given. */
  parameters: PrunedParameter[];
  statistics: RunStatistics;
}

/**
 * Prunes a model by the block-wise inverse empirical Fisher (WoodFisher: Singh & Alistarh, NeurIPS
 * 2020, arXiv:2004.14340): ranks every weight by the loss its removal costs, removes the cheapest
 * ones, exactly as many as asked for, and moves the others to make up for it.
 *
 * With `steps` it does so several times, each time with gradients taken at the weights of the step.
 *
 * @throws {WoodFisherError} for refused options, shapes, values and counts, with `code` and
 *   `details`; the signal's reason when it is aborted. The input is unchanged then.
 * @example
 * const { parameters, statistics } = await prune({
 *   parameters: [{ name: 'fc.weight', shape: [10, 784], data: weights }],
 *   gradients: [{ 'fc.weight': perExampleGradients }], // [N, 10, 784]
 *   sparsity: 0.9,
 * });
 */
export async function prune(asked: PruneOptions): Promise<PruneResult> {
  return await pruneWithJournal(asked);
}

/** The same, told of each step that is done, and going on after those that an earlier run has done. */
export async function pruneWithJournal(
  asked: PruneOptions,
  journal?: StepJournal,
): Promise<PruneResult> {
  const options = withPreset(asked);
  const settings = checkSettings(options);
  for (const warning of settings.warnings) {
    process.emitWarning(warning, { code: 'WOODFISHER_METHOD' });
  }
  const { fisher } = settings;
  if (fisher === undefined) return await pruneWith(options, settings, { journal });
  return await withSources([fisher], sourceOf, async ([source]) => {
    const known = { ...settings, ...savedSettings(source, options) };
    return await pruneWith({ ...options, solver: source.description.solver }, known, { source });
  });
}

/** Prunes with gradients, or with a Fisher that is there. */
async function pruneWith(
  options: PruneOptions,
  settings: PruneSettings,
  { source, journal }: { source?: StateSource; journal?: StepJournal },
): Promise<PruneResult> {
  const engine = chooseEngine(options.engine);
  const { blocks, zerosArePruned } = settings;
  const shapes =
    blocks === 'compact' ? await shapesOfSurvivors(options.parameters, zerosArePruned) : undefined;
  const run = fitRun(
    runSettings({ ...options, parameters: shapes ?? options.parameters }, settings),
    settings.memory,
  );
  const done = journal?.done;
  // Fewer weights are left than when it was chosen.
  if (done !== undefined) run.plan.solver = done.solver;
  const clock = new PhaseClock(() => context.lease.peakBytes);
  let summarising = false; // the quantiles of the statistics are no progress of the run
  const context = new RunContext(engine, settings.threads, {
    signal: options.signal,
    memory: run.arrayLimit,
    onBlocks: (kernel, done, total) => {
      const phase = PHASE_OF[kernel];
      if (phase === undefined || summarising || clock.current === 'compare') return;
      options.onProgress?.({ phase, done, total, unit: 'blocks' });
    },
  });
  try {
    const parameters = await blockParameters(options.parameters, settings, context.lease);
    checkGoal(settings.budgets, parameters);
    const rates = isWorthMeasuring(engine, run.plan)
      ? await measureRates(engine, run.plan)
      : undefined;
    context.throwIfUnusable();
    const history = done ? StepHistory.restore(done.history) : new StepHistory(parameters);
    const work = { options, settings, run, clock, source, journal };
    const last = await inSteps(context, work, parameters, history);
    summarising = true;
    const statistics = await runStatistics(context, {
      settings,
      all: options.parameters,
      parameters: last.parameters,
      fisher: last.fisher && (await fisherFigures(last.fisher)),
      conditions: conditionsOf(last.inverse),
      residuals: residualsOf(last.inverse),
      ranking: last.ranking,
      magnitude: last.magnitude,
      units: listsInMemory(last.ranking.units),
      groups: groupFigures(last.ranking.groups),
      cuts: last.cuts,
      pruned: last.pruned,
      history,
      dampingSweep: last.dampingSweep,
      phases: clock.compared(predict(run, rates, last.fisher, history)),
    });
    const scores = settings.scores ? await weightScores(last.ranking) : undefined;
    const results = await inModelLayout(
      options.parameters,
      last.parameters,
      last.masks,
      options.inPlace,
    );
    for (const [i, { name }] of last.parameters.entries()) {
      const result = results.find((one) => one.name === name);
      if (result !== undefined && scores !== undefined) result.scores = scores[i];
    }
    return { parameters: results, statistics };
  } finally {
    await context.dispose();
  }
}

const PHASE_OF: Partial<Record<KernelName, PhaseStatistics['name']>> = {
  invert: 'invert',
  invertWhole: 'invert',
  kronecker: 'invert',
  multiply: 'invert',
  score: 'score',
  greedy: 'score',
  groupSaliency: 'score',
  chooseSubsets: 'select',
  chooseSmallest: 'select',
  countKeys: 'select',
  countTies: 'select',
  cut: 'select',
  update: 'update',
};

/**
 * The time that was to be expected for the samples that came, as many in each step as in the last; steps
 * with fewer blocks than the first take less by as much.
 */
function predict(
  { plan }: FittingRun,
  rates: Rates | undefined,
  fisher: EstimatedFisher | undefined,
  history: StepHistory,
): PredictedSeconds | undefined {
  if (rates === undefined || fisher === undefined) return undefined;
  const { samples } = fisher.state;
  const { accumulate, invert, score, update, total } = predictSeconds(
    { ...plan, samples },
    rates,
    fisher.copiedValues,
  );
  const [first] = history.steps;
  const steps = history.steps.reduce((sum, { blocks }) => sum + blocks / first.blocks, 0);
  return {
    accumulate: steps * accumulate,
    invert: steps * invert,
    score: steps * score,
    update: steps * update,
    total: steps * total,
  };
}

/** The last step of a run, and what it was about. */
type LastStep = StepOutcome & {
  parameters: readonly BlockedParameter[];
  fisher: EstimatedFisher | undefined;
  dampingSweep: SweptDamping[] | undefined;
};

/** What all steps of a run have. */
interface Work {
  options: PruneOptions;
  settings: PruneSettings;
  run: FittingRun;
  clock: PhaseClock;
  /** A Fisher that is there already. */
  source: StateSource | undefined;
  journal: StepJournal | undefined;
}

/** All pruning steps; the Fisher, the scores and masks of each give way to those of the next. */
async function inSteps(
  context: RunContext,
  work: Work,
  first: readonly BlockedParameter[],
  history: StepHistory,
): Promise<LastStep> {
  const { options, settings, clock, journal } = work;
  const { steps, schedule } = settings;
  const begun = first.map((one, i) => ({ ...one, prunedBefore: history.prunedBefore[i] }));
  const budgets = stepBudgets(schedule, steps, settings.budgets, begun);
  let parameters = first;
  const { done } = journal ?? {};
  for (let index = done?.count ?? 0, stepBefore = done?.stepBefore; ; index++) {
    const gradients = await gradientsOf(options, parameters, { index, steps });
    const fisher = await estimate(context, parameters, gradients, work);
    const dampingSweep = await sweep(context, parameters, fisher, work);
    const lossBefore = history.lossNow;
    const input = { all: options.parameters, parameters, fisher, stepBefore, lossBefore };
    const outcome = await pruningStep(context, settings, clock, {
      ...input,
      budgets: budgets[index],
      last: index === steps - 1,
    });
    const { sparsity = null } = budgets[index];
    const blocks = parameters.reduce((sum, { blockCount }) => sum + blockCount, 0);
    history.add({ ...outcome, sparsity, samples: fisher?.state.samples ?? null, blocks });
    if (index === steps - 1) return { ...outcome, parameters, fisher, dampingSweep };
    stepBefore = outcome.firstOrder?.step ?? 0;
    release(context, outcome, fisher);
    parameters = await afterStep(context, settings, parameters, outcome);
    await journal?.finished(
      { count: index + 1, stepBefore, solver: work.run.plan.solver, history: history.record() },
      () => inModelLayout(options.parameters, parameters, masksOf(parameters)),
    );
  }
}

function masksOf(parameters: readonly BlockedParameter[]): Uint8Array[] {
  return parameters.map(({ mask }) => mask);
}

/** The batches of a step: those given, or what the function gives for the weights as they stand. */
async function gradientsOf(
  { gradients, preset, parameters: all }: PruneOptions,
  parameters: readonly BlockedParameter[],
  step: { index: number; steps: number },
): Promise<GradientBatches | undefined> {
  if (typeof gradients !== 'function') return gradients;
  return await gradients({
    ...step,
    advisedSamples: preset && presetSamples(preset, step.index),
    parameters: await inModelLayout(all, parameters, masksOf(parameters)),
  });
}

/** Gives back what a step leaves behind, for the next one. */
function release(
  context: RunContext,
  { inverse, ranking }: StepOutcome,
  fisher: EstimatedFisher | undefined,
): void {
  fisher?.state.release();
  const { diagonal = [], condition = [], residual = [] } = inverse ?? {};
  const arrays = [...diagonal, ...condition, ...residual];
  for (const array of arrays) context.lease.release(array);
  disposeRanking(context, ranking);
}

/** The parameters with the masks of a step; compact blocks are cut anew from what they keep. */
async function afterStep(
  { lease }: RunContext,
  { blocks, blockSize }: PruneSettings,
  parameters: readonly BlockedParameter[],
  { masks, pruned }: StepOutcome,
): Promise<BlockedParameter[]> {
  const after: BlockedParameter[] = [];
  for (const [i, parameter] of parameters.entries()) {
    if (blocks === 'compact' && pruned[i] > 0) {
      after.push(await regroupSurvivors(parameter, masks[i], pruned[i], blockSize, lease));
      continue;
    }
    lease.release(parameter.mask);
    const prunedBefore = parameter.prunedBefore + pruned[i];
    after.push({ ...parameter, mask: masks[i], prunedBefore });
  }
  // The next state has other sizes: its arrays must not come on top of those of this one.
  if (blocks === 'compact') lease.trim();
  return after;
}

/** Takes the gradients in, where there are any, or the Fisher that is there in their place. */
async function estimate(
  context: RunContext,
  parameters: readonly BlockedParameter[],
  gradients: GradientBatches | undefined,
  { options: { parameters: all, onProgress, signal }, settings, run, clock, source }: Work,
): Promise<EstimatedFisher | undefined> {
  if (source !== undefined) {
    return await clock.time('read', () => loadFisher(context, parameters, source, settings));
  }
  const {
    plan: { solver },
    memory: { afterSamples },
  } = run;
  if (gradients === undefined || solver === undefined) return undefined;
  const others = all.filter((parameter) => !isPrunable(parameter)).map(({ name }) => name);
  const { samples, damping, form, blockSize, blocks, pattern, saveFisher } = settings;
  const asked = { gradients, samples, damping, form, solver, others, afterSamples, onProgress };
  const make = settings.criterion === 'kfac' ? estimateKfac : estimateFisher;
  const fisher = await make(context, parameters, asked, clock);
  if (saveFisher !== undefined) {
    const live = new LiveSource(fisher.state, { blockSize, blocks, pattern, others });
    await clock.time('save', () => saveState(live, saveFisher, signal));
  }
  return fisher;
}

async function sweep(
  context: RunContext,
  parameters: readonly BlockedParameter[],
  fisher: EstimatedFisher | undefined,
  { settings, clock }: Work,
): Promise<SweptDamping[] | undefined> {
  const { dampingSweep: dampings } = settings;
  if (fisher === undefined || dampings === undefined) return undefined;
  const weights = parameters.map((parameter) => parameter.weights);
  return await clock.time('sweep', () =>
    sweepDampings(context, fisher.state, weights, { ...settings, dampings }),
  );
}

import { chooseEngine } from './engine/engine.js';
import type { KernelName } from './engine/kernels.js';
import { isPrunable } from './fisher/block-shape.js';
import { type BlockedParameter, blockParameters } from './fisher/blocked-parameter.js';
import { type EstimatedFisher, estimateFisher } from './fisher/estimate.js';
import { type InverseDiagonal, invertBlocks } from './fisher/invert.js';
import { toModelLayout } from './fisher/layout.js';
import { fillInPieces, inPieces } from './memory/pieces.js';
import { type PredictedSeconds, predictSeconds } from './plan/predict.js';
import { isWorthMeasuring, measureRates, type Rates } from './plan/rates.js';
import { type FittingRun, fitRun } from './plan/require-memory.js';
import { RunContext } from './pool/run-context.js';
import {
  checkSettings,
  type PruneOptions,
  type PruneSettings,
  runSettings,
} from './prune-options.js';
import { PhaseClock } from './report/progress.js';
import type { PhaseStatistics, RunStatistics } from './report/statistics.js';
import { runStatistics } from './report/summarise.js';
import { type Ranking, rank } from './selection/ranking.js';
import { select } from './selection/select.js';
import { applyUpdate, type PredictedLossChange } from './updates/apply.js';

/** A parameter after pruning, in its own layout. */
export interface PrunedParameter {
  name: string;
  shape: readonly number[];
  data: Float32Array;
  /** 1 = kept, 0 = pruned. All 1 for parameters that are not prunable. */
  mask: Uint8Array;
}

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
 * @throws {WoodFisherError} for refused options, shapes, values and counts, with `code` and
 *   `details`; the signal's reason when it is aborted. The input is unchanged then.
 * @example
 * const { parameters, statistics } = await prune({
 *   parameters: [{ name: 'fc.weight', shape: [10, 784], data: weights }],
 *   gradients: [{ 'fc.weight': perExampleGradients }], // [N, 10, 784]
 *   sparsity: 0.9,
 * });
 */
export async function prune(options: PruneOptions): Promise<PruneResult> {
  const settings = checkSettings(options);
  const engine = chooseEngine(options.engine);
  const run = fitRun(runSettings(options, settings), settings.memory);
  let summarising = false; // the quantiles of the statistics are no progress of the run
  const context = new RunContext(engine, settings.threads, {
    signal: options.signal,
    memory: run.arrayLimit,
    onBlocks: (kernel, done, total) => {
      const phase = PHASE_OF[kernel];
      if (phase === undefined || summarising) return;
      options.onProgress?.({ phase, done, total, unit: 'blocks' });
    },
  });
  try {
    const clock = new PhaseClock(() => context.lease.peakBytes);
    const parameters = await blockParameters(options.parameters, settings, context.lease);
    const rates = isWorthMeasuring(engine, run.plan)
      ? await measureRates(engine, run.plan)
      : undefined;
    context.throwIfUnusable();
    const fisher = await estimate(context, parameters, options, settings, run, clock);
    const { ranking, inverse } = await score(context, parameters, fisher, settings, clock);
    const selection = await clock.time('select', () => select(context, ranking));
    const { masks } = selection;
    const weights = parameters.map((parameter) => parameter.weights);
    const changes = await clock.time('update', async () => {
      if (fisher !== undefined) {
        const { state } = fisher;
        return await applyUpdate(context, state, settings.update, settings.damping, weights, masks);
      }
      await zeroPruned(weights, masks);
      return undefined;
    });
    summarising = true;
    const statistics = await runStatistics(context, {
      settings,
      all: options.parameters,
      parameters,
      fisher,
      inverse,
      ranking,
      selection,
      changes,
      phases: clock.compared(predict(run, rates, fisher)),
    });
    const results = await collect(options, parameters, weights, masks);
    return { parameters: results, statistics };
  } finally {
    await context.dispose();
  }
}

const PHASE_OF: Partial<Record<KernelName, PhaseStatistics['name']>> = {
  invert: 'invert',
  score: 'score',
  groupSaliency: 'score',
  chooseSubsets: 'select',
  chooseSmallest: 'select',
  countKeys: 'select',
  countTies: 'select',
  cut: 'select',
  update: 'update',
};

/** The time that was to be expected for the samples that came. */
function predict(
  { plan }: FittingRun,
  rates: Rates | undefined,
  fisher: EstimatedFisher | undefined,
): PredictedSeconds | undefined {
  if (rates === undefined || fisher === undefined) return undefined;
  return predictSeconds({ ...plan, samples: fisher.state.samples }, rates, fisher.copiedValues);
}

/** Takes the gradients in, where there are any. */
async function estimate(
  context: RunContext,
  parameters: readonly BlockedParameter[],
  { parameters: all, onProgress }: PruneOptions,
  { gradients, samples, damping }: PruneSettings,
  { plan: { solver }, memory: { afterSamples } }: FittingRun,
  clock: PhaseClock,
): Promise<EstimatedFisher | undefined> {
  if (gradients === undefined || solver === undefined) return undefined;
  const others = all.filter((parameter) => !isPrunable(parameter)).map(({ name }) => name);
  const settings = { gradients, samples, damping, solver, others, afterSamples, onProgress };
  return await estimateFisher(context, parameters, settings, clock);
}

/** Scores what may be pruned, weights or groups. */
async function score(
  context: RunContext,
  parameters: readonly BlockedParameter[],
  fisher: EstimatedFisher | undefined,
  { criterion, damping, pattern, budgets }: PruneSettings,
  clock: PhaseClock,
): Promise<{ ranking: Ranking; inverse: InverseDiagonal | undefined }> {
  const weights = parameters.map((parameter) => parameter.weights);
  const ranked = { parameters, weights, criterion, pattern, budgets };
  if (fisher === undefined) {
    const ranking = await clock.time('score', () => rank(context, ranked));
    return { ranking, inverse: undefined };
  }
  const { state } = fisher;
  const inverse =
    criterion === 'woodfisher'
      ? await clock.time('invert', () => invertBlocks(context, state, damping))
      : undefined;
  const inputs = {
    diagonal: inverse?.diagonal ?? [],
    squareSum: state.parts.map(({ squareSum }) => squareSum),
    samples: state.samples,
    damping,
  };
  const ranking = await clock.time('score', () =>
    rank(context, { ...ranked, fisher: { state, inputs } }),
  );
  return { ranking, inverse };
}

/** Without a Fisher pruning is setting to zero. */
async function zeroPruned(
  weights: readonly Float32Array[],
  masks: readonly Uint8Array[],
): Promise<PredictedLossChange[] | undefined> {
  for (const [i, w] of weights.entries()) {
    await inPieces(w.length, (begin, end) => {
      for (let c = begin; c < end; c++) if (masks[i][c] === 0) w[c] = 0;
    });
  }
  return undefined;
}

/** Results in the model's layout, on memory of their own or, in place, on the caller's. */
async function collect(
  { parameters, inPlace = false }: PruneOptions,
  blocked: readonly BlockedParameter[],
  weights: readonly Float32Array[],
  masks: readonly Uint8Array[],
): Promise<PrunedParameter[]> {
  const results: PrunedParameter[] = [];
  for (const { name, shape, data } of parameters) {
    const result = { name, shape, data, mask: new Uint8Array(data.length) };
    const at = blocked.findIndex((parameter) => parameter.name === name);
    if (at === -1) {
      if (!inPlace) result.data = data.slice();
      await fillInPieces(result.mask, 1);
    } else {
      if (!inPlace) result.data = new Float32Array(data.length);
      await toModelLayout(blocked[at].order, masks[at], result.mask);
      await toModelLayout(blocked[at].order, weights[at], result.data);
    }
    results.push(result);
  }
  return results;
}

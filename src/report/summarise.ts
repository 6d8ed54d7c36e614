import type { BlockedParameter } from '../fisher/blocked-parameter.js';
import { lambdaOf, traceOf } from '../fisher/damping.js';
import type { SweptDamping } from '../fisher/damping-sweep.js';
import type { EstimatedFisher } from '../fisher/estimate.js';
import type { FisherForm } from '../fisher/form.js';
import type { InverseDiagonal } from '../fisher/invert.js';
import { wholeParameters } from '../fisher/spans.js';
import type { Parameter } from '../parameters.js';
import type { RunContext } from '../pool/run-context.js';
import type { PruneSettings } from '../prune-options.js';
import type { Cut } from '../selection/cut.js';
import { scoresAtRanks } from '../selection/rank.js';
import { adviceOn } from './advice.js';
import {
  type Counts,
  type ParameterStatistics,
  type PhaseStatistics,
  QUANTILES,
  type RunStatistics,
  STATISTICS_VERSION,
} from './statistics.js';
import type { StepHistory } from './step-history.js';

/** What a run has found, its last step in detail; block order where it is by weight or block. */
export interface RunFindings {
  settings: PruneSettings;
  all: readonly Parameter[];
  parameters: readonly BlockedParameter[];
  fisher: EstimatedFisher | undefined;
  inverse: InverseDiagonal | undefined;
  scores: readonly Float64Array[];
  cuts: readonly Cut[];
  /** Weights that the last step pruned. */
  pruned: readonly number[];
  history: StepHistory;
  dampingSweep: SweptDamping[] | undefined;
  phases: PhaseStatistics[];
}

/** The statistics of a run. */
export async function runStatistics(
  context: RunContext,
  findings: RunFindings,
): Promise<RunStatistics> {
  const { settings, all, fisher, history, phases } = findings;
  const parameters: ParameterStatistics[] = [];
  for (const index of findings.parameters.keys()) {
    parameters.push(await parameterStatistics(context, findings, index));
  }
  const changes = parameters.flatMap(({ predictedLossChange }) => predictedLossChange ?? []);
  const thresholds = parameters.flatMap(({ threshold }) => threshold ?? []);
  const names = new Set(parameters.map(({ name }) => name));
  const advice =
    fisher === undefined ? [] : adviceOn({ parameters, fisher, blockSize: settings.blockSize });
  return {
    version: STATISTICS_VERSION,
    criterion: settings.criterion,
    selection: settings.selection,
    update: settings.update,
    scope: settings.scope,
    targetSparsity: settings.sparsity,
    blockSize: settings.blockSize,
    damping: fisher === undefined ? null : settings.damping,
    samples: fisher?.state.samples ?? null,
    fisher: fisher === undefined ? null : formOf(fisher.state.form),
    engine: context.engine,
    solver: fisher?.solver ?? null,
    threads: settings.threads,
    threshold:
      settings.scope === 'global' && thresholds.length > 0 ? Math.max(...thresholds) : null,
    totals: counts(
      sum(parameters, ({ size }) => size),
      sum(parameters, ({ prunedBefore }) => prunedBefore),
      sum(parameters, ({ prunedNow }) => prunedNow),
    ),
    predictedLossChange:
      fisher === undefined
        ? null
        : {
            quadratic: sum(changes, ({ quadratic }) => quadratic),
            linear: sum(changes, ({ linear }) => linear),
          },
    schedule: settings.steps === 1 ? null : settings.schedule,
    steps: history.steps,
    parameters,
    kept: all
      .filter(({ name }) => !names.has(name))
      .map(({ name, shape, data, prunable }) => ({
        name,
        shape,
        size: data.length,
        reason: prunable === false ? 'not to be pruned' : 'fewer than two axes',
      })),
    dampingSweep: findings.dampingSweep ?? null,
    advice,
    phases,
    warnings: settings.warnings,
  };
}

function formOf({ examplesPerSample, fisherScale, centred }: FisherForm): RunStatistics['fisher'] {
  return { examplesPerSample, fisherScale, centred };
}

async function parameterStatistics(
  context: RunContext,
  { parameters, fisher, inverse, scores, cuts, pruned, history }: RunFindings,
  index: number,
): Promise<ParameterStatistics> {
  const { name, shape, size, blockCount, prunedBefore } = parameters[index];
  const there = size - prunedBefore;
  const trace = fisher === undefined ? null : await traceOf(fisher.state, index);
  return {
    name,
    shape,
    ...counts(size, history.prunedBefore[index], history.pruned[index]),
    blocks: blockCount,
    threshold: pruned[index] === 0 ? null : cuts[index].score,
    saliency: await saliencyQuantiles(context, parameters, scores, index),
    damping: fisher === undefined ? null : lambdaOf(fisher.damping, index),
    fisherTrace: trace,
    meanDiagonal: trace === null || there === 0 ? null : trace / there,
    condition: inverse === undefined ? null : largest(inverse.condition[index]),
    predictedLossChange: fisher === undefined ? null : history.changes[index],
  };
}

function counts(size: number, prunedBefore: number, prunedNow: number): Counts {
  return { size, prunedBefore, prunedNow, sparsity: (prunedBefore + prunedNow) / size };
}

/** Exact quantiles (nearest rank) of the scores of the weights that were still there. */
async function saliencyQuantiles(
  context: RunContext,
  parameters: readonly BlockedParameter[],
  scores: readonly Float64Array[],
  index: number,
): Promise<ParameterStatistics['saliency']> {
  const spans = wholeParameters(parameters).filter((span) => span.index === index);
  const there = parameters[index].size - parameters[index].prunedBefore;
  if (there === 0) return null;
  const ranks = QUANTILES.map((quantile) => Math.max(0, Math.ceil(quantile * there) - 1));
  const found = await scoresAtRanks(context, { spans, scores }, ranks);
  return QUANTILES.map((quantile, i) => ({ quantile, value: found[i].score }));
}

function largest(values: Float64Array): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

import type { BlockedParameter } from '../fisher/blocked-parameter.js';
import type { EstimatedFisher } from '../fisher/estimate.js';
import type { InverseDiagonal } from '../fisher/invert.js';
import { wholeParameters } from '../fisher/spans.js';
import { inPieces } from '../memory/pieces.js';
import type { Parameter } from '../parameters.js';
import type { RunContext } from '../pool/run-context.js';
import type { PruneSettings } from '../prune-options.js';
import type { Cut } from '../selection/cut.js';
import { scoresAtRanks } from '../selection/rank.js';
import type { PredictedLossChange } from '../updates/apply.js';
import {
  type Counts,
  type LossChange,
  type ParameterStatistics,
  type PhaseStatistics,
  QUANTILES,
  type RunStatistics,
  STATISTICS_VERSION,
} from './statistics.js';

/** What a run has found, in block order where it is by weight or block. */
export interface RunFindings {
  settings: PruneSettings;
  all: readonly Parameter[];
  parameters: readonly BlockedParameter[];
  fisher: EstimatedFisher | undefined;
  inverse: InverseDiagonal | undefined;
  scores: readonly Float64Array[];
  cuts: readonly Cut[];
  pruned: readonly number[];
  changes: readonly PredictedLossChange[] | undefined;
  phases: PhaseStatistics[];
}

/** The statistics of a run. */
export async function runStatistics(
  context: RunContext,
  findings: RunFindings,
): Promise<RunStatistics> {
  const { settings, all, fisher, phases } = findings;
  const parameters: ParameterStatistics[] = [];
  for (const index of findings.parameters.keys()) {
    parameters.push(await parameterStatistics(context, findings, index));
  }
  const changes = parameters.flatMap(({ predictedLossChange }) => predictedLossChange ?? []);
  const thresholds = parameters.flatMap(({ threshold }) => threshold ?? []);
  const names = new Set(parameters.map(({ name }) => name));
  return {
    version: STATISTICS_VERSION,
    criterion: settings.criterion,
    update: settings.update,
    scope: settings.scope,
    targetSparsity: settings.sparsity,
    blockSize: settings.blockSize,
    damping: fisher === undefined ? null : settings.damping,
    samples: fisher?.state.samples ?? null,
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
    parameters,
    kept: all
      .filter(({ name }) => !names.has(name))
      .map(({ name, shape, data, prunable }) => ({
        name,
        shape,
        size: data.length,
        reason: prunable === false ? 'not to be pruned' : 'fewer than two axes',
      })),
    phases,
  };
}

async function parameterStatistics(
  context: RunContext,
  { parameters, fisher, inverse, scores, cuts, pruned, changes }: RunFindings,
  index: number,
): Promise<ParameterStatistics> {
  const { name, shape, size, blockCount, prunedBefore } = parameters[index];
  return {
    name,
    shape,
    ...counts(size, prunedBefore, pruned[index]),
    blocks: blockCount,
    threshold: pruned[index] === 0 ? null : cuts[index].score,
    saliency: await saliencyQuantiles(context, parameters, scores, index),
    fisherTrace: fisher === undefined ? null : await fisherTrace(fisher, index),
    condition: inverse === undefined ? null : largest(inverse.condition[index]),
    predictedLossChange: changes === undefined ? null : lossChange(changes[index]),
  };
}

function counts(size: number, prunedBefore: number, prunedNow: number): Counts {
  return { size, prunedBefore, prunedNow, sparsity: (prunedBefore + prunedNow) / size };
}

function lossChange({ quadratic, linear }: PredictedLossChange): LossChange {
  return { quadratic, linear };
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

async function fisherTrace({ state }: EstimatedFisher, index: number): Promise<number> {
  const { squareSum } = state.parts[index];
  let total = 0;
  await inPieces(squareSum.length, (begin, end) => {
    for (let c = begin; c < end; c++) total += squareSum[c];
  });
  return total / state.samples;
}

function largest(values: Float64Array): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

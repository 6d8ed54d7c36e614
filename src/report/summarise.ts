import { type BlockShape, sizeOf } from '../blocks/block-shape.js';
import { type InverseDiagonal, largestResidual } from '../fisher/invert.js';
import { lambdaOf } from '../fisher/lambda.js';
import { inPieces } from '../memory/pieces.js';
import type { Parameter } from '../parameters.js';
import type { RunContext } from '../pool/run-context.js';
import type { PhaseStatistics } from '../progress/phase-clock.js';
import { flopsLeft } from '../selection/amounts.js';
import { type Budgets, costsOf } from '../selection/budgets.js';
import { type CurvePoint, hasLosses, lossCurve } from '../selection/curve.js';
import type { Cut } from '../selection/cut.js';
import { scoresAtRanks } from '../selection/rank.js';
import { onlyList, type RankedLists } from '../selection/ranked-lists.js';
import type { RankedGroups, Ranking } from '../selection/ranking.js';
import type { FisherForm } from '../solvers/form.js';
import type { MagnitudeComparison } from '../steps/compare-magnitude.js';
import type { SweptDamping } from '../steps/damping-sweep.js';
import { adviceOn } from './advice.js';
import type { FisherFigures } from './fisher-figures.js';
import type { ReportedSettings } from './reported-settings.js';
import {
  type Counts,
  type ParameterStatistics,
  QUANTILES,
  type RunStatistics,
  STATISTICS_VERSION,
} from './statistics.js';
import { type StepHistory, sumOfChanges } from './step-history.js';

/** What a run has found, its last step in detail; block order where it is by weight or block. */
export interface RunFindings {
  settings: ReportedSettings;
  all: readonly Pick<Parameter, 'name' | 'shape' | 'prunable'>[];
  parameters: readonly (BlockShape & { prunedBefore: number })[];
  fisher: FisherFigures | undefined;
  /** Largest bound of cond₂(F) of each parameter; absent where no inverse was made. */
  conditions: readonly number[] | undefined;
  /** Largest residual of each parameter's inverse; null where no F is kept. */
  residuals: readonly (number | null)[] | undefined;
  /** What was ranked. */
  units: RankedLists;
  groups?: GroupFigures;
  /** The same for the curve; absent where the scores are not in memory as a whole. */
  ranking?: Ranking;
  /** Absent for pattern n:m. */
  cuts?: readonly Cut[];
  /** Absent for criterion magnitude. */
  magnitude?: MagnitudeComparison;
  /** Weights that the last step pruned. */
  pruned: readonly number[];
  history: StepHistory;
  dampingSweep: SweptDamping[] | undefined;
  phases: PhaseStatistics[];
}

/** What is told of the groups that were ranked. */
export interface GroupFigures extends Pick<RankedGroups, 'dense' | 'summed'> {
  /** The list of units that has the groups of a parameter. */
  listOf(index: number): number;
}

/** The same of groups in memory. */
export function groupFigures(groups: RankedGroups | undefined): GroupFigures | undefined {
  return groups && { ...groups, listOf: (index) => groups.model.members[index].list };
}

/** The largest bound of cond₂(F) of each parameter. */
export function conditionsOf(inverse: InverseDiagonal | undefined): number[] | undefined {
  return inverse?.condition.map(largest);
}

/** The largest residual of each parameter's inverse. */
export function residualsOf(inverse: InverseDiagonal | undefined): (number | null)[] | undefined {
  return inverse?.residual.map(largestResidual);
}

/** The statistics of a run. */
export async function runStatistics(
  context: RunContext,
  findings: RunFindings,
): Promise<RunStatistics> {
  const { settings, all, fisher, history, phases, ranking } = findings;
  const { budgets } = settings;
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
    preset: settings.preset ?? null,
    criterion: settings.criterion,
    seed: settings.criterion === 'random' ? settings.seed : null,
    selection: settings.selection,
    update: settings.update,
    scope: budgets.scope,
    pattern: settings.pattern.text,
    targetSparsity: budgets.sparsity ?? null,
    flops: flopsStatistics(budgets, parameters),
    blockSize: settings.blockSize,
    blocks: settings.blocks,
    damping: fisher === undefined ? null : settings.damping,
    samples: fisher?.samples ?? null,
    fisher: fisher === undefined ? null : formOf(fisher.form),
    engine: context.engine,
    solver: fisher?.solver ?? null,
    threads: settings.threads,
    threshold: budgets.scope === 'global' && thresholds.length > 0 ? Math.max(...thresholds) : null,
    totals: counts(
      sum(parameters, ({ size }) => size),
      sum(parameters, ({ prunedBefore }) => prunedBefore),
      sum(parameters, ({ prunedNow }) => prunedNow),
    ),
    predictedLossChange: fisher === undefined ? null : sumOfChanges(changes),
    measuredLoss: history.measuredLoss,
    curve:
      settings.statistics === 'full' && ranking !== undefined && hasLosses(ranking)
        ? await curveOf(context, settings, ranking)
        : null,
    magnitude: findings.magnitude?.all ?? null,
    schedule: settings.steps === 1 ? null : settings.schedule,
    steps: history.steps,
    parameters,
    kept: all
      .filter(({ name }) => !names.has(name))
      .map(({ name, shape, prunable }) => ({
        name,
        shape,
        size: sizeOf(shape),
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
  findings: RunFindings,
  index: number,
): Promise<ParameterStatistics> {
  const { settings, parameters, fisher, units, groups, cuts, pruned, history } = findings;
  const { name, shape, modelSize, blockCount, prunedBefore } = parameters[index];
  const left = modelSize - prunedBefore;
  const list = groups?.listOf(index) ?? index;
  const single = onlyList(units, list);
  const there = await unitsThere(single);
  const trace = fisher?.traces[index] ?? null;
  return {
    name,
    shape,
    ...counts(modelSize, history.prunedBefore[index], history.pruned[index]),
    blocks: blockCount,
    cost: costsOf(settings.budgets, [parameters[index]])[0],
    groups:
      groups === undefined
        ? null
        : { groups: there, dense: groups.dense[index], summed: groups.summed[list] },
    threshold: pruned[index] === 0 ? null : (cuts?.[list].score ?? null),
    saliency: await saliencyQuantiles(context, single, there),
    damping: fisher === undefined ? null : lambdaOf(fisher.damping, index),
    fisherTrace: trace,
    meanDiagonal: trace === null || left === 0 ? null : trace / left,
    condition: findings.conditions?.[index] ?? null,
    residual: findings.residuals?.[index] ?? null,
    magnitude: findings.magnitude?.parameters[index] ?? null,
    predictedLossChange: fisher === undefined ? null : history.changes[index],
  };
}

function counts(size: number, prunedBefore: number, prunedNow: number): Counts {
  return { size, prunedBefore, prunedNow, sparsity: (prunedBefore + prunedNow) / size };
}

/** The curve at the sparsities of the settings and at the one that is pruned to. */
async function curveOf(
  context: RunContext,
  { budgets: { sparsity, scope }, curve }: ReportedSettings,
  ranking: Ranking,
): Promise<CurvePoint[]> {
  const target = typeof sparsity === 'number' ? [sparsity] : [];
  const sparsities = [...new Set([...curve, ...target])].sort((a, b) => a - b);
  const apart = scope === 'layer' || typeof sparsity === 'object';
  return await lossCurve(context, ranking, sparsities, apart);
}

/** Units that might be pruned. */
async function unitsThere(single: RankedLists): Promise<number> {
  let there = 0;
  await single.visit(async (parts) => {
    for (const { mask } of parts.map(({ units }) => units)) {
      await inPieces(mask.length, (begin, end) => {
        for (let c = begin; c < end; c++) there += mask[c];
      });
    }
  });
  return there;
}

/** Exact quantiles (nearest rank) of the scores of the units that were still there. */
async function saliencyQuantiles(
  context: RunContext,
  single: RankedLists,
  there: number,
): Promise<ParameterStatistics['saliency']> {
  if (there === 0) return null;
  const ranks = QUANTILES.map((quantile) => Math.max(0, Math.ceil(quantile * there) - 1));
  const found = await scoresAtRanks(context, single, ranks);
  return QUANTILES.map((quantile, i) => ({ quantile, value: found[i].score }));
}

/** FLOPs by the costs of the parameters. */
function flopsStatistics(
  { cost, targetFlops }: Budgets,
  parameters: readonly ParameterStatistics[],
): RunStatistics['flops'] {
  if (targetFlops === undefined && Object.keys(cost).length === 0) return null;
  const dense = sum(parameters, (p) => p.cost * p.size);
  return {
    dense,
    before: sum(parameters, (p) => p.cost * (p.size - p.prunedBefore)),
    after: sum(parameters, (p) => p.cost * (p.size - p.prunedBefore - p.prunedNow)),
    target: targetFlops === undefined ? null : flopsLeft(targetFlops, dense),
  };
}

function largest(values: Float64Array): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

import Table from 'cli-table3';
import type { KeptTensor } from '../../files/sort-tensors.js';
import type { Damping } from '../../options.js';
import type { PhaseStatistics } from '../../progress/phase-clock.js';
import type { LossChange, ParameterStatistics, RunStatistics } from '../../report/statistics.js';
import type { SweptDamping } from '../../steps/damping-sweep.js';
import { count, percent, scientific, seconds, setting } from './numbers.js';

/** What a run has written, by what it is. */
export type WrittenFiles = Readonly<Record<string, string>>;

/** Time of what the command does beside the library's phases, in seconds. */
export interface CommandTimes {
  load: number;
  write: number;
  total: number;
}

/**
 * The result of pruning for people: a table by parameter, and what led to it.
 *
 * @param told Sparsities whose predicted loss is told. Default: a few usual ones.
 */
export function pruneSummary(
  statistics: RunStatistics,
  written: WrittenFiles,
  times: CommandTimes,
  told: readonly number[] = USUAL_SPARSITIES,
): string {
  const { totals, engine, solver, threads } = statistics;
  const pruned = totals.prunedBefore + totals.prunedNow;
  const instructions = engine.instructionSet === undefined ? '' : ` (${engine.instructionSet})`;
  const phases = statistics.phases.map(phaseTime);
  const lines = [
    parameterTable(statistics),
    `${count(pruned)} of ${count(totals.size)} weights are pruned (${percent(totals.sparsity)}), ${methodWords(statistics)}`,
    ...flopsLines(statistics),
    ...fisherLines(statistics),
    ...lossLines(statistics),
    ...curveLines(statistics, told),
    ...magnitudeLines(statistics),
    `engine: ${engine.name}${instructions}, ${threads} threads: ${engine.reason}`,
    ...(solver === null ? [] : [`solver: ${solver.name}: ${solver.reason}`]),
    ...(statistics.dampingSweep ?? []).map(sweepLine),
    ...statistics.advice.map((sentence) => `advice: ${sentence}`),
    ...keptLines(statistics.kept),
    ...Object.entries(written).map(([what, path]) => `${what}: ${path}`),
    `time: load ${seconds(times.load)}, ${phases.join(', ')}, write ${seconds(times.write)}; ${seconds(times.total)} in all`,
  ];
  return lines.join('\n');
}

function methodWords(statistics: RunStatistics): string {
  const { criterion, selection, pattern, scope, update, steps } = statistics;
  const what = pattern === 'unstructured' ? '' : `pattern ${pattern}, `;
  const how = selection === 'greedy' ? 'greedily, ' : '';
  const step = steps.at(-1)?.firstOrder?.step ?? 0;
  const gradient = step === 0 ? '' : `, first order with step ${setting(step)}`;
  return `${how}ranked by ${criterion}, ${what}scope ${scope}, update ${update}${gradient}`;
}

function parameterTable({ parameters, totals, predictedLossChange }: RunStatistics): string {
  const withLoss = predictedLossChange !== null;
  const head = ['parameter', 'shape', 'before', 'after', 'threshold'];
  const table = new Table({
    head: withLoss ? [...head, 'ΔL ½δᵀFδ', 'ΔL ḡᵀδ'] : head,
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  const losses = (change: LossChange | null): string[] =>
    withLoss ? [scientific(change?.quadratic ?? null), scientific(change?.linear ?? null)] : [];
  const before = ({ prunedBefore, size }: { prunedBefore: number; size: number }): string =>
    percent(prunedBefore / size);
  const row = (parameter: ParameterStatistics): string[] => [
    parameter.name,
    `[${parameter.shape.join(', ')}]`,
    before(parameter),
    percent(parameter.sparsity),
    scientific(parameter.threshold),
    ...losses(parameter.predictedLossChange),
  ];
  table.push(...parameters.map(row));
  if (parameters.length > 1) {
    const all = ['all', count(totals.size), before(totals), percent(totals.sparsity), ''];
    table.push([...all, ...losses(predictedLossChange)]);
  }
  return table.toString();
}

/** invert 1.20 s (1.31 s expected) */
function phaseTime({ name, seconds: real, estimatedSeconds }: PhaseStatistics): string {
  const expected = estimatedSeconds === null ? '' : ` (${seconds(estimatedSeconds)} expected)`;
  return `${name} ${seconds(real)}${expected}`;
}

function fisherLines({
  samples,
  fisher,
  damping,
  blockSize,
  blocks,
  predictedLossChange,
}: RunStatistics) {
  if (samples === null || fisher === null || damping === null || predictedLossChange === null)
    return [];
  const { quadratic, linear, withoutUpdate } = predictedLossChange;
  return [
    `Fisher: ${count(samples)} samples${formWords(fisher)}, ${blocks === 'compact' ? 'compact ' : ''}blocks of ${count(blockSize)}, damping ${dampingWords(damping)}`,
    `predicted loss change: ${scientific(quadratic)} (½δᵀFδ), ${scientific(linear)} (ḡᵀδ); without the update ${scientific(withoutUpdate.quadratic)}, ${scientific(withoutUpdate.linear)}`,
  ];
}

/** measured loss change: 1.2e-3 (0.31 before, 0.3112 after) */
function lossLines({ measuredLoss }: RunStatistics): string[] {
  if (measuredLoss === null) return [];
  const { before, after } = measuredLoss;
  const change = before === null || after === null ? null : after - before;
  return [
    `measured loss change: ${scientific(change)} (${scientific(before)} before, ${scientific(after)} after)`,
  ];
}

const USUAL_SPARSITIES = [0.5, 0.8, 0.9, 0.95, 0.98];

/** What other sparsities would cost by the same scores. */
function curveLines({ curve }: RunStatistics, told: readonly number[]): string[] {
  const known = (curve ?? []).filter(
    ({ sparsity, predictedLoss }) => predictedLoss !== null && told.includes(sparsity),
  );
  if (known.length === 0) return [];
  const points = known.map(
    (point) => `${percent(point.sparsity)} ${scientific(point.predictedLoss)}`,
  );
  return [`predicted loss by sparsity: ${points.join(', ')}`];
}

function magnitudeLines({ magnitude }: RunStatistics): string[] {
  if (magnitude === null) return [];
  const { overlap, rankCorrelation } = magnitude;
  const words = [
    ...(overlap === null ? [] : [`prunes ${percent(overlap)} of what was pruned`]),
    ...(rankCorrelation === null ? [] : [`rank correlation ${rankCorrelation.toFixed(3)}`]),
  ];
  return words.length === 0 ? [] : [`magnitude: ${words.join(', ')}`];
}

function flopsLines({ flops }: RunStatistics): string[] {
  if (flops === null) return [];
  const { dense, before, after, target } = flops;
  const aim = target === null ? '' : `, at most ${count(target)} asked for`;
  return [`FLOPs: ${count(dense)} dense, ${count(before)} before, ${count(after)} after${aim}`];
}

/** " of 32 examples, on the scale of examples, centred" */
function formWords(form: NonNullable<RunStatistics['fisher']>): string {
  const { examplesPerSample, fisherScale, centred } = form;
  return [
    ...(examplesPerSample === 1 ? [] : [` of ${count(examplesPerSample)} examples`]),
    ...(examplesPerSample !== 1 && fisherScale === 'examples'
      ? [', on the scale of examples']
      : []),
    ...(centred ? [', centred'] : []),
  ].join('');
}

/** sweep, damping 1e-6: ΔL 1.2e-3 (9.8e-4 without λ), prunes 93.1 % of what the first does */
function sweepLine({ damping, quadratic, undamped, overlap }: SweptDamping, at: number): string {
  const same = at === 0 ? '' : `, prunes ${percent(overlap)} of what the first prunes`;
  return `sweep, damping ${dampingWords(damping)}: ½δᵀFδ ${scientific(quadratic)} (${scientific(undamped)} without λ)${same}`;
}

/** 1e-5; 0.01 × the mean diagonal of each parameter */
function dampingWords(damping: Damping): string {
  if (typeof damping === 'number') return setting(damping);
  const over = damping.over === 'model' ? 'the model' : 'each parameter';
  return `${setting(damping.relative)} × the mean diagonal of ${over}`;
}

/** The kept tensors, those of the same reason together. */
function keptLines(kept: readonly KeptTensor[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { name, reason } of kept) {
    byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  }
  return [...byReason].map(([reason, names]) => `kept (${reason}): ${names.join(', ')}`);
}

import type { BlockShape } from '../blocks/block-shape.js';
import { placeArrays, weightArrays } from '../blocks/parameter-arrays.js';
import { wholeParameters } from '../blocks/spans.js';
import { scoreArrays } from '../criteria/score.js';
import { inverseGradientArrays } from '../fisher/inverse-gradient.js';
import { inverseArrays } from '../fisher/invert.js';
import {
  derivedArrays,
  needsLowOrder,
  panelsOf,
  stateBytes,
  sumArrays,
} from '../fisher/state-layout.js';
import { groupBytes } from '../groups/group-bytes.js';
import type { ArrayPlan } from '../memory/array-plan.js';
import { plannedBytes } from '../memory/array-plan.js';
import type { MemoryBytes } from '../memory-refusal.js';
import { CONTROL_BYTES } from '../pool/run-context.js';
import { QUANTILES } from '../report/statistics.js';
import { RANKS_TOGETHER } from '../selection/curve.js';
import { maskArrays } from '../selection/cut.js';
import { keyArrays } from '../selection/greedy.js';
import { countArrays, rankingParts } from '../selection/rank.js';
import { PLAIN_FORM } from '../solvers/form.js';
import { sweepArrays } from '../steps/damping-sweep.js';
import { MOST_RANKED } from '../steps/rank-correlation.js';
import { lossArrays } from '../updates/apply.js';
import { searchArrays } from '../updates/search-step.js';
import { kfacBytes } from './kfac.js';
import { invertsBlocks, isKfac, type RunPlan } from './run-settings.js';
import { scratchBytes } from './scratch.js';

/** The memory of a run, and what its later part needs. */
export interface PlannedMemory extends MemoryBytes {
  /** Bytes of arrays beside weights, state and sums that are in use at most when all samples are in. */
  afterSamples: number;
}

/** Bytes that a run takes: those that its allocations ask for, counted by the same plans. */
export function memoryOf(plan: RunPlan): PlannedMemory {
  const { shapes, solver, update, selection, firstOrder, run, dampingSweep } = plan;
  const { form = PLAIN_FORM } = plan;
  const inverts = invertsBlocks(plan);
  const prunes = run === 'prune';
  const bytes = (when: boolean, arrays: (shape: BlockShape) => ArrayPlan): number =>
    when ? sum(shapes, (shape) => plannedBytes(arrays(shape))) : 0;

  const weights = bytes(true, weightArrays) + placeBytes(plan) + CONTROL_BYTES;
  const sums = bytes(solver !== undefined, (shape) => ({
    ...sumArrays(shape),
    ...derivedArrays(shape, form),
  }));
  const state = solver === undefined ? 0 : stateOf(plan);
  const batches = solver === undefined ? 0 : batchBytes(plan);
  const inverse = bytes(inverts, inverseArrays);
  const h = bytes(prunes && firstOrder !== undefined, inverseGradientArrays);
  const keys = bytes(prunes, selection === 'greedy' ? keyArrays : scoreArrays);
  const scores = keys + (prunes ? groupBytes(shapes, plan.pattern) : 0);
  const masks = bytes(prunes, maskArrays);
  const losses = bytes(prunes && solver !== undefined, lossArrays);
  const searched = bytes(prunes && firstOrder === 'search', searchArrays);
  const swept = bytes(dampingSweep !== undefined, sweepArrays);
  // Magnitudes, their groups, and what they prune or are counted in.
  const magnitudes = bytes(prunes, scoreArrays) + (prunes ? groupBytes(shapes, plan.pattern) : 0);
  const counts = prunes ? countBytes(plan) : { cut: 0, quantiles: 0, curve: 0 };
  const scratch = scratchBytes(plan);
  const outputs = prunes ? plan.allWeights * (plan.inPlace ? 1 : 5) + scoreBytes(plan) : 0;

  const kfac = solver !== undefined && isKfac(plan) ? kfacBytes(shapes, plan.threads) : undefined;
  const base = weights + sums + state;
  const scored = base + inverse + h + scores;
  // The model that the caller's loss is given is on ordinary memory.
  const lent = plan.measuresLoss ? 4 * sum(shapes, ({ modelSize }) => modelSize) : 0;
  const comparing = magnitudes + Math.max(masks, counts.cut);
  const updating = scored + masks + losses + searched;
  const moments = [
    ...(kfac === undefined
      ? [{ shared: base + batches, other: scratch.accumulate, late: false }]
      : [
          { shared: weights + kfac.sums + batches, other: kfac.accumulate, late: false },
          { shared: base + kfac.sums + kfac.inverses, other: kfac.invert, late: true },
        ]),
    { shared: base + inverse + h, other: scratch.invert, late: true },
    { shared: scored, other: scratch.score, late: true },
    { shared: scored + counts.cut, other: 0, late: true },
    ...(prunes && plan.criterion !== 'magnitude' && plan.statistics !== 'basic'
      ? [{ shared: scored + masks + comparing, other: ranksBytes(shapes), late: true }]
      : []),
    { shared: updating, other: (update === 'none' ? 0 : scratch.update) + lent, late: true },
    { shared: scored + masks + Math.max(counts.quantiles, counts.curve), other: 0, late: true },
    { shared: scored + masks, other: outputs, late: true },
  ];
  if (dampingSweep !== undefined) {
    const sweeping = base + swept;
    moments.push(
      { shared: sweeping + inverse, other: scratch.invert, late: true },
      { shared: sweeping + inverse + scores + Math.max(counts.cut, masks), other: 0, late: true },
      { shared: sweeping + masks + losses, other: scratch.update, late: true },
    );
  }
  const late = moments.filter((moment) => moment.late);
  return {
    weights,
    state,
    sums: sums + (kfac === undefined ? 0 : kfac.sums + kfac.inverses),
    batches,
    results: inverse + h + scores + masks + losses + searched + swept,
    counts: Math.max(counts.cut, counts.quantiles, counts.curve),
    scratch: Math.max(
      ...[kfac?.accumulate ?? scratch.accumulate, kfac?.invert ?? 0],
      ...[scratch.invert, scratch.score, scratch.update],
    ),
    outputs,
    shared: Math.max(...moments.map(({ shared }) => shared)),
    total: Math.max(...moments.map(({ shared, other }) => shared + other)),
    afterSamples: Math.max(...late.map(({ shared }) => shared)) - base,
  };
}

/** Scores that prune() returns, in the model's layout. */
function scoreBytes({ shapes, scores = false }: RunPlan): number {
  return scores ? 4 * sum(shapes, ({ modelSize }) => modelSize) : 0;
}

/** Where the weights of compact blocks stand: those of a later step, where the first has them all. */
function placeBytes({ shapes, blocks, steps = 1 }: RunPlan): number {
  if (blocks !== 'compact') return 0;
  const some = shapes.filter(({ size, modelSize }) => size < modelSize || steps > 1);
  return sum(some, (shape) => plannedBytes(placeArrays(shape)));
}

function stateOf({ shapes, solver, samples = 0, gradientBatch }: RunPlan): number {
  if (solver === undefined) return 0;
  const { name } = solver;
  const lowOrder = needsLowOrder(name, panelsOfRun(samples, gradientBatch));
  return sum(shapes, (shape) => stateBytes(shape, name, samples, lowOrder));
}

/** Panels in which a run's samples are summed: each batch has panels of its own. */
function panelsOfRun(samples: number, gradientBatch = samples): number {
  if (samples === 0) return 0;
  const whole = Math.floor(samples / gradientBatch);
  return whole * panelsOf(gradientBatch) + panelsOf(samples % gradientBatch);
}

function batchBytes(plan: RunPlan): number {
  const { samples = Number.POSITIVE_INFINITY, gradientBatch } = plan;
  return gradientBatch === undefined
    ? 0
    : 4 * batchValues(plan, Math.min(samples, 2 * gradientBatch));
}

/** Values that so many gradient samples are made of, as they come. */
export function batchValues({ shapes, factored }: RunPlan, samples: number): number {
  return sum(shapes, ({ name, modelSize, order: { before, outputs, after } }) => {
    return samples * (factored?.has(name) ? before * after + outputs : modelSize);
  });
}

/** Scores and magnitudes whose ranks are compared, sorted and ranked, on ordinary memory. */
function ranksBytes(shapes: readonly BlockShape[]): number {
  return (
    4 *
    8 *
    Math.min(
      MOST_RANKED,
      sum(shapes, ({ size }) => size),
    )
  );
}

/** Counts for the threshold, and for the quantiles of the parameter that has the most. */
function countBytes({ shapes, threads, statistics }: RunPlan): {
  cut: number;
  quantiles: number;
  curve: number;
} {
  const spans = wholeParameters(shapes);
  const bytes = (some: typeof spans, prefixes: number): number =>
    rankingParts(some, threads).length * plannedBytes(countArrays(prefixes));
  return {
    cut: bytes(spans, 1),
    curve: statistics === 'basic' ? 0 : bytes(spans, RANKS_TOGETHER),
    quantiles: Math.max(...spans.map((span) => bytes([span], QUANTILES.length))),
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

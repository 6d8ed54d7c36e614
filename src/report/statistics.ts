import type { ChosenEngine } from '../engine/engine.js';
import type { CriterionName, UpdateRule } from '../engine/kernels.js';
import type { BlockLayout, Damping } from '../options.js';
import type { Preset } from '../preset-names.js';
import type { PhaseStatistics } from '../progress/phase-clock.js';
import type { Scope } from '../selection/budgets.js';
import type { CurvePoint } from '../selection/curve.js';
import type { Selection } from '../selection/greedy.js';
import type { ChosenSolver } from '../solvers/choose.js';
import type { FisherFormOptions } from '../solvers/form.js';
import type { MagnitudeStatistics } from '../steps/compare-magnitude.js';
import type { SweptDamping } from '../steps/damping-sweep.js';
import type { Schedule } from '../steps/schedule.js';

/** Version of {@link RunStatistics}; schemas/statistics.schema.json describes it. */
export const STATISTICS_VERSION = 1;

/** Quantiles of the saliency that are reported. */
export const QUANTILES = [0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1] as const;

/** What a run did, in numbers; JSON as it stands. */
export interface RunStatistics {
  version: typeof STATISTICS_VERSION;
  /** The recipe whose options stood where none were given; null where there was none. */
  preset: Preset | null;
  criterion: CriterionName;
  /** Of criterion `random`; null for the others. */
  seed: number | null;
  selection: Selection;
  update: UpdateRule;
  scope: Scope;
  /** What was pruned as one: `unstructured`, `1x4`, `2:4`, `rows`, `filters`, `columns`, `sets`. */
  pattern: string;
  /** Fraction of the prunable weights that was asked for, or one by parameter; null where none was. */
  targetSparsity: number | Readonly<Record<string, number>> | null;
  /** FLOPs of the prunable parameters by the costs given; null without `cost` and `targetFlops`. */
  flops: FlopsStatistics | null;
  blockSize: number;
  /** Whether blocks were cut from all weights of a parameter, or from those that were still there. */
  blocks: BlockLayout;
  /** As it was asked for, λ or relative; null where no Fisher was made. */
  damping: Damping | null;
  /** N, the gradient samples; null where no Fisher was made. */
  samples: number | null;
  /** Which matrix the Fisher was; null where none was made. */
  fisher: Required<FisherFormOptions> | null;
  engine: ChosenEngine;
  /** null where no Fisher was made. */
  solver: ChosenSolver | null;
  threads: number;
  /** Largest score that the last step pruned over all parameters; null where it pruned nothing, or with scope layer. */
  threshold: number | null;
  totals: Counts;
  /** Sum over the parameters and steps; null where no Fisher was made. */
  predictedLossChange: LossChange | null;
  /** Before the first step and after the last; null where no loss was given. */
  measuredLoss: MeasuredLossStatistics | null;
  /**
   * Predicted loss by sparsity, from the scores of the last step: the sum of what the cheapest removals cost,
   * with `oneshot` each by itself and with `greedy` one after the other. null where the scores are no losses:
   * without a Fisher, by magnitude, at random, of n:m, divided by a cost, and with statistics `basic`.
   */
  curve: CurvePoint[] | null;
  /** The last step beside magnitude; null for criterion magnitude, and with statistics `basic`. */
  magnitude: MagnitudeStatistics | null;
  /** How sparsity grew; null with one step. */
  schedule: Schedule | null;
  /** The pruning steps in their order, at least one. */
  steps: StepStatistics[];
  parameters: ParameterStatistics[];
  /** Parameters that were left as they are, and why. */
  kept: { name: string; shape: readonly number[]; size: number; reason: string }[];
  /** What other dampings would have done; null where that was not asked for. */
  dampingSweep: SweptDamping[] | null;
  /** What the figures say about the settings, in plain words; empty where all is well. */
  advice: string[];
  phases: PhaseStatistics[];
  /** What may not be as it was meant, in words. */
  warnings: string[];
}

/** Weights, and how many of them are zero by pruning. */
export interface Counts {
  /** Prunable weights. */
  size: number;
  prunedBefore: number;
  prunedNow: number;
  /** (prunedBefore + prunedNow) / size */
  sparsity: number;
}

/** Predicted change of the loss by the change of the weights that was applied. */
export interface LossChange {
  /** ½ δᵀFδ, λ included. */
  quadratic: number;
  /** ḡᵀδ, ḡ the mean gradient; reported apart, and not minimised. */
  linear: number;
  /** The same of setting the pruned weights to zero and leaving the others as they were. */
  withoutUpdate: { quadratic: number; linear: number };
}

/** Loss on held-out data; null where it was not finite. */
export interface MeasuredLossStatistics {
  before: number | null;
  after: number | null;
}

/** FLOPs of weights that are not pruned. */
export interface FlopsStatistics {
  /** With no weight pruned. */
  dense: number;
  before: number;
  after: number;
  /** What was to be left at most; null where no target was given. */
  target: number | null;
}

/** Groups of weights that are pruned as one. */
export interface GroupStatistics {
  /** Those with a weight that was still there. */
  groups: number;
  /** Weights still there before that are in no whole group and stay. */
  dense: number;
  /** Whether groups lie in several blocks, so that their saliency is the sum over their parts. */
  summed: boolean;
}

/** One pruning step. */
export interface StepStatistics {
  /** Fraction of the prunable weights that was to be zero after it, or one by parameter; null where none was. */
  targetSparsity: RunStatistics['targetSparsity'];
  /** N; null where no Fisher was made. */
  samples: number | null;
  /** Blocks of all parameters together. */
  blocks: number;
  prunedNow: number;
  /** Sum over the parameters; null where no Fisher was made. */
  predictedLossChange: LossChange | null;
  /** null where no loss was given. */
  measuredLoss: MeasuredLossStatistics | null;
  /** null where the gradient was left out. */
  firstOrder: FirstOrderStatistics | null;
}

/** The first-order term of a step. */
export interface FirstOrderStatistics {
  /** α of the update. */
  step: number;
  /** The line search that found it; null where α was given. Losses that are not finite are null. */
  search: {
    lossBefore: number | null;
    lossAfter: number | null;
    tried: { step: number; loss: number | null }[];
  } | null;
}

/** Thresholds, scores, traces and conditions are those of the last step; the counts of all of them. */
export interface ParameterStatistics extends Counts {
  name: string;
  shape: readonly number[];
  /** With compact blocks fewer than before the first step. */
  blocks: number;
  /** FLOPs of a weight. */
  cost: number;
  /** null with pattern `unstructured`; with `sets` those of the whole model. */
  groups: GroupStatistics | null;
  /** Largest score pruned; null where nothing was, and with pattern `n:m`. */
  threshold: number | null;
  /**
   * Quantiles of the scores before pruning, over the weights (or groups) that were still there; null
   * without any. With pattern `n:m` those of what the weights removed from a group cost together.
   */
  saliency: { quantile: number; value: number }[] | null;
  /** λ; null where no Fisher was made. */
  damping: number | null;
  /** Trace of the Fisher without λ; null where no Fisher was made. */
  fisherTrace: number | null;
  /** The same over the weights that were still there; null where there were none, too. */
  meanDiagonal: number | null;
  /** Largest bound of cond₂(F) among its blocks; null where no inverse was made. */
  condition: number | null;
  /** Largest ‖F(F⁻¹v) − v‖/‖v‖ among its blocks, for a fixed v; null where no inverse was made, and with woodbury. */
  residual: number | null;
  /** The last step beside magnitude; null for criterion magnitude. */
  magnitude: MagnitudeStatistics | null;
  predictedLossChange: LossChange | null;
}

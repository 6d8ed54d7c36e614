import type { BlockShape, ParameterShape } from '../blocks/block-shape.js';
import type { ParsedPattern } from '../blocks/pattern.js';
import { usesInverse } from '../criteria/score.js';
import type { CriterionName, UpdateRule } from '../engine/kernels.js';
import type { BlockLayout, Damping, StatisticsOption } from '../options.js';
import type { Selection } from '../selection/greedy.js';
import type { ChosenSolver, SolverOption } from '../solvers/choose.js';
import type { FisherForm } from '../solvers/form.js';

/** Samples of a batch where nothing is said. */
export const USUAL_BATCH = 128;

/** What decides the memory and the arithmetic of a run: shapes and settings, no data. */
export interface RunSettings {
  /** `prune`: a whole run of prune(). `fisher`: BlockFisher.create, add and invert. */
  run: 'prune' | 'fisher';
  /** All parameters of the model. */
  parameters: readonly ParameterShape[];
  blockSize: number;
  /** Default `parameter`. */
  blocks?: BlockLayout;
  /** Default: unstructured. */
  pattern?: ParsedPattern;
  /** Absent: no Fisher is made (a criterion that does without gradients). */
  solver?: SolverOption;
  /** N, where it is known. */
  samples?: number;
  /** λ, where it is given beforehand. */
  damping?: Damping;
  /** Which matrix the Fisher is; absent: λI + (1/N) Σ g gᵀ. */
  form?: FisherForm;
  /** Samples of a batch at most; absent: not known, batches are not counted. */
  gradientBatch?: number;
  /** Parameters whose gradients come as the factors of outer products. */
  factored?: ReadonlySet<string>;
  criterion: CriterionName;
  update: UpdateRule;
  /** Dampings that are compared before. */
  dampingSweep?: readonly Damping[];
  /** Pruning steps; the first takes most. Default 1. */
  steps?: number;
  /** Default `oneshot`. */
  selection?: Selection;
  /** The first-order term, and whether its step is searched. Absent: the gradient is left out. */
  firstOrder?: 'step' | 'search';
  /** Whether a loss is called, with a model of its own. Default false. */
  measuresLoss?: boolean;
  sparsity: number;
  threads: number;
  /** Default `full`. */
  statistics?: StatisticsOption;
  /** Whether prune() returns the scores. Default false. */
  scores?: boolean;
  /** Whether prune() writes its results into the caller's arrays. */
  inPlace: boolean;
}

/** Settings with what follows from them. */
export interface RunPlan extends Omit<RunSettings, 'solver'> {
  /** The prunable parameters. */
  shapes: readonly BlockShape[];
  /** Weights of all parameters. */
  allWeights: number;
  solver?: ChosenSolver;
}

/** Whether the Fisher of a run is the Kronecker-factored one. */
export function isKfac({ run, criterion }: Pick<RunSettings, 'run' | 'criterion'>): boolean {
  return run === 'prune' && criterion === 'kfac';
}

/** Whether a run makes D = diag(F⁻¹). */
export function invertsBlocks({ solver, run, criterion }: RunPlan): boolean {
  return solver !== undefined && (run === 'fisher' || usesInverse(criterion));
}

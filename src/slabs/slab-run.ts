import type { ChosenEngine } from '../engine/engine.js';
import type { MatchedGradients } from '../files/gradient-files.js';
import type { PrunedTensor } from '../files/pruned-model.js';
import type { TensorSource } from '../formats/safetensors/writer.js';
import type { PruneSettings } from '../prune-options.js';
import type { RunStatistics } from '../report/statistics.js';
import type { StepHistory } from '../report/step-history.js';
import type { SlabInput } from './slab-parameters.js';
import type { SlabPlan } from './slab-plan.js';
import type { Pass, SlabRecords } from './slab-records.js';

/** How far a run in slabs is. */
export interface SlabProgress {
  phase: Pass | 'select';
  done: number;
  total: number;
  unit: 'slabs' | 'passes';
}

/** A run in slabs. */
export interface SlabRun {
  plan: SlabPlan;
  settings: PruneSettings;
  engine: ChosenEngine;
  input: SlabInput;
  /** Absent: criterion magnitude alone. */
  gradients?: MatchedGradients;
  /** Tensors that are not pruned. */
  others: readonly { name: string; shape: readonly number[] }[];
  /** What was done before is not done again. */
  records: SlabRecords;
  /** Absent: there is one, and no loss. */
  step?: SlabStep;
  onProgress?: (progress: SlabProgress) => void;
}

/** A pruning step of several. */
export interface SlabStep {
  /** 0 … settings.steps − 1 */
  index: number;
  /** α of the step before; absent at first. */
  stepBefore?: number;
  /** Of the steps before; absent at the first. */
  history?: StepHistory;
  /** The model as it is before the step. */
  tensors: readonly PrunedTensor[];
  /** Loss on held-out data with tensors. */
  loss?: (tensors: readonly PrunedTensor[]) => Promise<number>;
}

/** What a run in slabs gives: tensors that are read from its folder when they are written. */
export interface SlabRunResult {
  tensors: PrunedTensor[];
  /** With the setting `scores`: the score of every weight. */
  scores?: TensorSource[];
  statistics: RunStatistics;
}

/** What a step in slabs has come to. */
export interface SlabStepResult extends Omit<SlabRunResult, 'statistics'> {
  /** α of its update; 0 where the gradient was left out. */
  step: number;
  /** With the step. */
  history: StepHistory;
  /** Those of the run. */
  statistics(): Promise<RunStatistics>;
}

export {
  BlockFisher,
  type BlockFisherOptions,
  type DampingSweepOptions,
  type LoadFisherOptions,
} from './block-fisher.js';
export type {
  BlockInverse,
  ByParameter,
  CurveOptions,
  Removals,
  SelectOptions,
  UpdatedWeights,
  WeightOptions,
} from './block-inverse.js';
export type { ParameterShape } from './blocks/block-shape.js';
export { type NamedSet, PATTERN_AXES, type Pattern, type PatternAxis } from './blocks/pattern.js';
export { type CompactOptions, type CompactResult, compact } from './compact.js';
export { CRITERIA } from './criteria/score.js';
export type { ChosenEngine, EngineName, EngineOption } from './engine/engine.js';
export type { CriterionName, SolverName, UpdateRule } from './engine/kernels.js';
export { type ErrorDetails, WoodFisherError, type WoodFisherErrorCode } from './errors.js';
export { type ExpandResult, expand } from './expand.js';
export type { AcceptedBatch } from './fisher/sample-stream.js';
export {
  type CompactModel,
  type CompactTensor,
  openCompact,
} from './formats/compact/compact-model.js';
export type { CompactFormat } from './formats/compact/formats.js';
export type { ModelTotals, TensorSummary } from './formats/compact/summary.js';
export { type Inspection, type InspectOptions, inspect } from './inspect.js';
export type {
  MemoryBudget,
  MemoryBytes,
  MemoryRefusal,
  MemorySuggestion,
} from './memory-refusal.js';
export { MAX_STEPS, type MethodOptions } from './method-options.js';
export {
  BLOCK_LAYOUTS,
  type BlockLayout,
  type Damping,
  DEFAULTS,
  MAX_BLOCK_SIZE,
  type RelativeDamping,
  type StatisticsOption,
} from './options.js';
export type { FactoredGradients, GradientBatch, Parameter } from './parameters.js';
export { type Estimate, type EstimateOptions, estimate } from './plan/estimate.js';
export type { PredictedSeconds } from './plan/predict.js';
export type { Rates } from './plan/rates.js';
export type { Work } from './plan/work.js';
export { PRESETS, type Preset } from './preset-names.js';
export { PRESET_OPTIONS, type PresetOptions, presetSamples } from './presets.js';
export type {
  FileProgress,
  FileProgressListener,
  FileWorkOptions,
} from './progress/file-progress.js';
export type { PhaseStatistics } from './progress/phase-clock.js';
export type { ProgressEvent, ProgressListener } from './progress/progress.js';
export { type PruneResult, prune } from './prune.js';
export type { PruneOptions } from './prune-options.js';
export type {
  Counts,
  FirstOrderStatistics,
  LossChange,
  MeasuredLossStatistics,
  ParameterStatistics,
  RunStatistics,
  StepStatistics,
} from './report/statistics.js';
export type { BudgetOptions, ByName, Scope } from './selection/budgets.js';
export type { CurvePoint } from './selection/curve.js';
export { SELECTIONS, type Selection } from './selection/greedy.js';
export type { ChosenSolver, SolverOption } from './solvers/choose.js';
export type { FisherFormOptions, FisherScale } from './solvers/form.js';
export type { MagnitudeStatistics } from './steps/compare-magnitude.js';
export type { SweptDamping } from './steps/damping-sweep.js';
export type { GradientBatches, GradientSource, GradientStep } from './steps/gradient-source.js';
export type { PrunedParameter } from './steps/results.js';
export { SCHEDULES, type Schedule, type ScheduleName } from './steps/schedule.js';
export { type LossTerms, type PredictedLossChange, UPDATE_RULES } from './updates/apply.js';
export type { LossFunction, LossParameter } from './updates/lent-model.js';

import type { ParameterShape } from '../blocks/block-shape.js';
import { type ChosenEngine, chooseEngine } from '../engine/engine.js';
import { type MatchedGradients, openGradients, requireSamples } from '../files/gradient-files.js';
import { readNames } from '../files/read-names.js';
import { readPattern } from '../files/read-pattern.js';
import {
  type KeptTensor,
  keepWithoutGradients,
  requirePrunable,
  sortTensors,
} from '../files/sort-tensors.js';
import type { TensorInfo } from '../files/tensor-reader.js';
import { FileSource } from '../fisher/file/file-source.js';
import { type AskedOfSaved, savedSettings } from '../fisher/file/saved-settings.js';
import { type ModelFiles, openModelFiles } from '../formats/safetensors/model-files.js';
import type { StatisticsOption } from '../options.js';
import type { RunSettings } from '../plan/run-settings.js';
import { withPreset } from '../presets.js';
import type { PruneOptions } from '../prune-options.js';
import { checkSettings, type PruneSettings, runSettings } from '../prune-options.js';
import type { BudgetOptions } from '../selection/budgets.js';
import type { SolverOption } from '../solvers/choose.js';
import { type CriterionFlags, dampingOf } from './flags/criterion-flags.js';
import type { EngineFlags } from './flags/engine-flags.js';
import type { InputFlags } from './flags/input-flags.js';
import type { SelectionFlags } from './flags/selection-flags.js';
import type { Reporter } from './output/reporter.js';

/** The flags that say what is pruned, and how. */
export type RunFlags = InputFlags &
  CriterionFlags &
  SelectionFlags &
  EngineFlags & {
    saveFisher?: string;
    statistics?: StatisticsOption;
    curve?: number[];
    scores?: string;
  };

/** The options of prune() that flags ask for, but what comes from files. */
export type FlagOptions = Omit<PruneOptions, 'parameters' | 'gradients' | 'fisher'> & {
  fisher?: string;
};

/** The files of a run, open, with what their headers say. */
export interface OpenedRun extends AsyncDisposable {
  options: FlagOptions;
  settings: PruneSettings;
  engine: ChosenEngine;
  model: ModelFiles;
  /** Absent: there are none, or a saved Fisher is in their place. */
  gradients: MatchedGradients | undefined;
  prunable: TensorInfo[];
  kept: KeptTensor[];
  /** What decides memory and arithmetic. */
  run: RunSettings;
  outputAxis: number;
  /** Of the columns of `.npy` gradients. */
  gradientNames: readonly string[] | undefined;
}

/** Checks the flags, opens the files and checks their headers: what can be refused before data are read is. */
export async function openRun(flags: RunFlags, reporter: Reporter): Promise<OpenedRun> {
  const options = await optionsOf(flags);
  const asked = checkSettings({ ...options, parameters: [], gradients: placeOfGradients(flags) });
  const engine = chooseEngine(flags.engine);
  // Once: a pipe cannot be read again, and each step of a run may have gradients of its own.
  const gradientNames =
    flags.gradientNames === undefined ? undefined : await readNames(flags.gradientNames);
  const open: AsyncDisposable[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(open.map((one) => one[Symbol.asyncDispose]()));
  };
  try {
    const model = await openModelFiles(flags.weights);
    open.push(model);
    const { exclude = [] } = flags;
    const sets =
      flags.gradients === undefined
        ? undefined
        : await openGradients(flags.gradients, model, gradientNames);
    if (sets !== undefined) open.push(sets);
    const all = sortTensors(model, exclude);
    const tensors = sets && flags.allowMissing ? keepWithoutGradients(model, all, sets) : all;
    requirePrunable(model, tensors);
    const { settings, solver } = await knownOf(asked, options);
    const gradients = sets?.match(model, tensors.prunable, exclude);
    if (gradients !== undefined) requireSamples(gradients.samples, flags.samples);
    warnOfIdlePatterns(
      exclude,
      [model, ...(sets?.sets ?? [])].map((one) => one.tensors),
      reporter,
    );
    for (const tensor of tensors.kept) reporter.note('kept', { ...tensor });
    const outputAxis = flags.outputAxis === 'last' ? -1 : 0;
    const parameters = tensors.prunable.map(
      ({ name, shape }): ParameterShape => ({ name, shape, outputAxis, prunable: true }),
    );
    const run = {
      ...runSettings({ solver, inPlace: true, parameters }, settings),
      // Other steps may have other numbers of them.
      samples: flags.gradientsCommand ? settings.samples : (gradients?.samples ?? settings.samples),
    };
    return {
      ...{
        options,
        settings,
        engine,
        model,
        gradients,
        ...tensors,
        run,
        outputAxis,
        gradientNames,
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function optionsOf(flags: RunFlags): Promise<FlagOptions> {
  const { blockSize, blocks, criterion, seed, update, solver, engine, threads, memoryLimit } =
    flags;
  const { selection, firstOrder: step, patternAxis, zerosArePruned } = flags;
  const { examplesPerSample, fisherScale, centred, fisher, saveFisher, dampingSweep } = flags;
  const { preset, steps, schedule } = flags;
  const filled = withPreset({
    gradients: placeOfGradients(flags),
    loss: flags.lossCommand && NOT_THERE_YET,
    ...{ preset, steps, schedule, samples: flags.samples, gradientBatch: flags.gradientBatch },
    ...{ blockSize, blocks, criterion, seed, update, solver, engine, threads, memoryLimit },
    ...{ selection, patternAxis, zerosArePruned, pattern: await readPattern(flags.pattern) },
    ...{ examplesPerSample, fisherScale, centred, fisher, saveFisher, dampingSweep },
    damping: dampingOf(flags),
    statistics: flags.statistics,
    curve: flags.curve,
    scores: flags.scores !== undefined,
    ...budgetsOf(flags),
    firstOrder: step === undefined ? undefined : { step },
  });
  const { gradients: _, ...options } = filled;
  return options;
}

/** In place of gradients that are opened, or taken by a job, later: whether there are any, and how often. */
function placeOfGradients({ gradients, gradientsCommand }: RunFlags): PruneOptions['gradients'] {
  if (gradientsCommand !== undefined) return () => [];
  return gradients && [];
}

/** In place of the loss that a job takes later. */
const NOT_THERE_YET = (): number => Number.NaN;

function budgetsOf(flags: SelectionFlags): BudgetOptions {
  const { sparsity, scope, minSparsity, maxSparsity, targetFlops, cost, costPower } = flags;
  return { sparsity, scope, minSparsity, maxSparsity, targetFlops, cost, costPower };
}

/** What is known before the run: a saved Fisher brings its own settings. */
async function knownOf(
  settings: PruneSettings,
  options: AskedOfSaved & { fisher?: string },
): Promise<{ settings: PruneSettings; solver: SolverOption | undefined }> {
  if (options.fisher === undefined) return { settings, solver: options.solver };
  await using source = await FileSource.open(options.fisher);
  return {
    settings: { ...settings, ...savedSettings(source, options) },
    solver: source.description.solver,
  };
}

/** A pattern that matches nothing is most likely a slip, and what it was meant for gets pruned. */
function warnOfIdlePatterns(
  patterns: readonly RegExp[],
  files: readonly ReadonlyMap<string, unknown>[],
  reporter: Reporter,
): void {
  const names = files.flatMap((tensors) => [...tensors.keys()]);
  for (const pattern of patterns) {
    if (names.some((name) => pattern.test(name))) continue;
    reporter.warning(`--exclude '${pattern.source}' matches no tensor`);
  }
}

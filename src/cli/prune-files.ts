import { chooseEngine } from '../engine/engine.js';
import { WoodFisherError } from '../errors.js';
import { gradientBatches } from '../files/gradient-batches.js';
import { matchGradients } from '../files/match-gradients.js';
import { checkOutputs, type OutputPath } from '../files/output-paths.js';
import { maskTensors, prunedModel } from '../files/pruned-model.js';
import { readMasks } from '../files/read-masks.js';
import { readParameters } from '../files/read-parameters.js';
import { readPattern } from '../files/read-pattern.js';
import {
  keepWithoutGradients,
  requirePrunable,
  type SortedTensors,
  sortTensors,
} from '../files/sort-tensors.js';
import { StagedOutputs } from '../files/staged-outputs.js';
import type { TensorReader } from '../files/tensor-reader.js';
import { FileSource } from '../fisher/file/file-source.js';
import { type AskedOfSaved, savedSettings } from '../fisher/file/saved-settings.js';
import { replaceFile } from '../formats/replace-file.js';
import { openSafetensors } from '../formats/safetensors/reader.js';
import { writeSafetensors } from '../formats/safetensors/writer.js';
import { withPreset } from '../presets.js';
import { type PruneResult, prune } from '../prune.js';
import { checkSettings, type PruneSettings, runSettings } from '../prune-options.js';
import type { RunStatistics, StatisticsOption } from '../report/statistics.js';
import type { BudgetOptions } from '../selection/budgets.js';
import type { SolverOption } from '../solvers/choose.js';
import { announceRun, batchWithin } from './announce-run.js';
import {
  type CriterionFlags,
  dampingOf,
  type EngineFlags,
  type InputFlags,
  type SelectionFlags,
} from './flags.js';
import { pruneSummary } from './output/prune-summary.js';
import type { Reporter } from './output/reporter.js';
import type { Run } from './run.js';

/** Where the results go. */
export interface OutputFlags {
  out: string;
  maskOut?: string;
  stats?: string;
  statistics: StatisticsOption;
  saveFisher?: string;
}

export type PruneFlags = InputFlags & CriterionFlags & SelectionFlags & EngineFlags & OutputFlags;

/**
 * Prunes a model from files to files. What can be refused is refused before any data are read, and
 * the outputs appear together, when all has succeeded.
 */
export async function pruneFiles(flags: PruneFlags, { reporter, signal }: Run): Promise<void> {
  const start = performance.now();
  const { blockSize, blocks, criterion, seed, update, solver, engine, threads, memoryLimit } =
    flags;
  const { selection, firstOrder: step, patternAxis, zerosArePruned } = flags;
  const { examplesPerSample, fisherScale, centred, fisher, saveFisher, dampingSweep } = flags;
  const { statistics: detail } = flags;
  const { preset, steps, schedule } = flags;
  const options = withPreset({
    ...{ preset, steps, schedule, samples: flags.samples, gradientBatch: flags.gradientBatch },
    ...{ blockSize, blocks, criterion, seed, update, solver, engine, threads, memoryLimit },
    ...{ selection, patternAxis, zerosArePruned, pattern: await readPattern(flags.pattern) },
    ...{ examplesPerSample, fisherScale, centred, fisher, saveFisher, dampingSweep },
    damping: dampingOf(flags),
    statistics: detail,
    ...budgetsOf(flags),
    firstOrder: step === undefined ? undefined : { step },
  });
  const some = flags.gradients === undefined ? undefined : [];
  const asked = checkSettings({ ...options, parameters: [], gradients: some });
  await checkOutputs(outputPaths(flags));
  const chosenEngine = chooseEngine(engine);

  await using model = await openSafetensors(flags.weights);
  await using gradients =
    flags.gradients === undefined ? undefined : await openSafetensors(flags.gradients);
  const { prunable, kept } = sorted(model, gradients, flags);
  const { settings, solver: known } = await knownOf(asked, options);
  const samples = gradients && matchGradients(model, prunable, gradients, flags.exclude ?? []);
  requireCount(samples, flags.samples);
  warnOfIdlePatterns(flags.exclude ?? [], [model, ...(gradients ? [gradients] : [])], reporter);
  for (const tensor of kept) reporter.note('kept', { ...tensor });

  const outputAxis = flags.outputAxis === 'last' ? -1 : 0;
  const shapes = prunable.map(({ name, shape }) => ({ name, shape, outputAxis, prunable: true }));
  const run = {
    ...runSettings({ solver: known, inPlace: true, parameters: shapes }, settings),
    samples: samples ?? settings.samples,
  };
  const gradientBatch =
    samples === undefined
      ? undefined
      : (settings.gradientBatch ?? batchWithin(run, settings.memory));
  await announceRun({ ...run, gradientBatch }, settings.memory, chosenEngine, reporter);

  const beforeLoad = performance.now();
  const loaded = (done: number): void =>
    reporter.progress({ phase: 'load', done, total: prunable.length, unit: 'tensors' });
  loaded(0);
  const parameters = await readParameters(model, prunable, {
    outputAxis,
    signal,
    onRead: loaded,
  });
  if (flags.maskIn !== undefined) await readMasks(flags.maskIn, model, parameters);
  const load = seconds(beforeLoad);
  if (samples !== undefined) {
    reporter.progress({ phase: 'accumulate', done: 0, total: samples, unit: 'samples' });
  }
  const result = await prune({
    ...options,
    parameters,
    gradients:
      gradients && samples
        ? gradientBatches(gradients, prunable, samples, signal, gradientBatch)
        : undefined,
    samples,
    gradientBatch,
    inPlace: true,
    signal,
    onProgress: (progress) => reporter.progress(progress),
  });

  const statistics: RunStatistics = { ...result.statistics, kept };
  const beforeWrite = performance.now();
  reporter.progress({ phase: 'write', done: 0, total: model.tensors.size, unit: 'tensors' });
  await using outputs = new StagedOutputs();
  await stage(outputs, flags, { model, result, statistics, signal });
  signal.throwIfAborted();
  // An output may take the place of an input.
  await Promise.all([model.close(), gradients?.close()]);
  await outputs.commit();

  const { out, maskOut, stats } = flags;
  const written = {
    weights: out,
    ...(maskOut && { mask: maskOut }),
    ...(stats && { stats }),
    ...(saveFisher && { fisher: saveFisher }),
  };
  reporter.done({ ...statistics, written }, () =>
    pruneSummary(statistics, written, { load, write: seconds(beforeWrite), total: seconds(start) }),
  );
}

/** Refuses gradients of another number of samples than was asked for. */
function requireCount(found: number | undefined, wanted: number | undefined): void {
  if (found === undefined || wanted === undefined || found === wanted) return;
  throw new WoodFisherError(
    'ERR_WOODFISHER_SAMPLES',
    `samples must be those of the gradients, ${found}, but is ${wanted}`,
    { option: 'samples', value: wanted },
  );
}

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

function outputPaths({ out, maskOut, stats, saveFisher }: OutputFlags): OutputPath[] {
  const paths: OutputPath[] = [{ option: '--out', path: out }];
  if (maskOut !== undefined) paths.push({ option: '--mask-out', path: maskOut });
  if (stats !== undefined) paths.push({ option: '--stats', path: stats });
  if (saveFisher !== undefined) paths.push({ option: '--save-fisher', path: saveFisher });
  return paths;
}

function sorted(
  model: TensorReader,
  gradients: TensorReader | undefined,
  { exclude = [], allowMissing = false }: InputFlags,
): SortedTensors {
  const all = sortTensors(model, exclude);
  const tensors = gradients && allowMissing ? keepWithoutGradients(model, all, gradients) : all;
  requirePrunable(model, tensors);
  return tensors;
}

/** A pattern that matches nothing is most likely a slip, and what it was meant for gets pruned. */
function warnOfIdlePatterns(
  patterns: readonly RegExp[],
  files: readonly TensorReader[],
  reporter: Reporter,
): void {
  const names = files.flatMap(({ tensors }) => [...tensors.keys()]);
  for (const pattern of patterns) {
    if (names.some((name) => pattern.test(name))) continue;
    reporter.warning(`--exclude '${pattern.source}' matches no tensor`);
  }
}

async function stage(
  outputs: StagedOutputs,
  { out, maskOut, stats }: OutputFlags,
  {
    model,
    result: { parameters },
    statistics,
    signal,
  }: { model: TensorReader; result: PruneResult; statistics: RunStatistics; signal: AbortSignal },
): Promise<void> {
  await outputs.stage(out, (path) =>
    writeSafetensors(path, prunedModel(model, parameters, signal), { metadata: model.metadata }),
  );
  if (maskOut !== undefined) {
    await outputs.stage(maskOut, (path) => writeSafetensors(path, maskTensors(parameters)));
  }
  if (stats !== undefined) {
    const text = `${JSON.stringify(statistics, undefined, 2)}\n`;
    await outputs.stage(stats, (path) => replaceFile(path, (handle) => handle.writeFile(text)));
  }
}

function seconds(since: number): number {
  return (performance.now() - since) / 1000;
}

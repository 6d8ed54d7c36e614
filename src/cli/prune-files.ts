import { mkdir, statfs } from 'node:fs/promises';
import { checkOutputs, type OutputPath } from '../files/output-paths.js';
import { stagePruned, stageText } from '../files/stage-pruned.js';
import { StagedOutputs } from '../files/staged-outputs.js';
import { isSharded } from '../formats/safetensors/model-files.js';
import { writeSafetensors } from '../formats/safetensors/writer.js';
import { presetSamples } from '../presets.js';
import type { RunStatistics } from '../report/statistics.js';
import type { SlabRecords } from '../slabs/slab-records.js';
import { unfinishedIn } from '../slabs/unfinished-outputs.js';
import { chooseWay } from './choose-way.js';
import type { OutputFlags } from './flags/output-flags.js';
import { StepJobs } from './jobs/step-jobs.js';
import { type OpenedRun, openRun, type RunFlags } from './open-run.js';
import { pruneSummary, type WrittenFiles } from './output/prune-summary.js';
import { pruneParts } from './prune-parts.js';
import { pruneWhole } from './prune-whole.js';
import type { Run } from './run.js';
import { folderOf, Scratch } from './scratch.js';

export type PruneFlags = RunFlags & OutputFlags;

/**
 * Prunes a model from files to files. What can be refused is refused before any data are read, and
 * the outputs appear together, when all has succeeded.
 */
export async function pruneFiles(flags: PruneFlags, run: Run): Promise<void> {
  const start = performance.now();
  const { reporter, signal } = run;
  await checkOutputs(outputPaths(flags, await isSharded(flags.weights)));
  await using opened = await openRun(flags, reporter);
  const folder = flags.workDir ?? folderOf(flags);
  if (flags.workDir !== undefined) await mkdir(folder, { recursive: true });
  const disk = await statfs(folder).catch(() => undefined);
  await using scratch = new Scratch(flags);
  const total = opened.prunable.length;
  const chosen = chooseWay(opened, flags, disk && disk.bavail * disk.bsize, () =>
    reporter.progress({ phase: 'open', done: total, total, unit: 'tensors' }),
  );
  const { records, way } = await scratch.open(opened, chosen);
  await using jobs = jobsOf(opened, flags, records, run);
  const { maskIn } = flags;
  const pruning = way.inMemory
    ? pruneWhole(opened, { maskIn, gradientBatch: way.gradientBatch, records, jobs }, run)
    : pruneParts(opened, { maskIn, plan: way.plan, records, jobs }, run);
  const tellHowToGoOn = (error: { code?: string }): never => {
    const mayGoOn = signal.aborted || RETRIED.has(error.code ?? '');
    if (mayGoOn && flags.workDir !== undefined) {
      reporter.warning(`what is done is in ${flags.workDir}; the same command goes on from there`);
    }
    throw error;
  };
  const { tensors, scores, statistics, load } = await pruning.catch(tellHowToGoOn);

  const beforeWrite = performance.now();
  const { model } = opened;
  await using outputs = new StagedOutputs(unfinishedIn(records));
  const warnings = [...statistics.warnings];
  const { out, maskOut } = flags;
  if (out !== undefined) {
    reporter.progress({ phase: 'write', done: 0, total: model.tensors.size, unit: 'tensors' });
    await stagePruned(outputs, { out, maskOut }, model, tensors, {
      signal,
      onRounded: (name, dtype, count) => {
        const weights = count === 1 ? '1 kept weight' : `${count} kept weights`;
        warnings.push(`${weights} of "${name}" round to 0 in ${dtype}; the mask has them as kept`);
      },
    }).catch(tellHowToGoOn);
  }
  if (flags.scores !== undefined && scores !== undefined) {
    await outputs.stage(flags.scores, (path) => writeSafetensors(path, scores));
  }
  for (const warning of warnings.slice(statistics.warnings.length)) reporter.warning(warning);
  const all: RunStatistics = { ...statistics, kept: opened.kept, warnings };
  if (flags.stats !== undefined) {
    await stageText(outputs, flags.stats, `${JSON.stringify(all, undefined, 2)}\n`);
  }
  signal.throwIfAborted();
  // An output may take the place of an input.
  await opened[Symbol.asyncDispose]();
  await outputs.commit();
  await scratch.finish();

  const written = writtenTo(flags);
  reporter.done({ ...all, written }, () =>
    pruneSummary(
      all,
      written,
      { load, write: seconds(beforeWrite), total: seconds(start) },
      flags.curve,
    ),
  );
}

/** What may succeed when the same is tried again: a job, and writing to a disk that has room by then. */
const RETRIED = new Set(['ERR_WOODFISHER_JOB', 'ERR_WOODFISHER_OUTPUT']);

/** The user's own jobs; undefined where none are to be run. */
function jobsOf(
  { settings, model, prunable, gradientNames }: OpenedRun,
  { gradientsCommand, lossCommand, exclude = [] }: PruneFlags,
  records: SlabRecords,
  run: Run,
): StepJobs | undefined {
  if (gradientsCommand === undefined && lossCommand === undefined) return undefined;
  const { preset, samples, steps } = settings;
  return new StepJobs({
    ...{ gradients: gradientsCommand, loss: lossCommand, fixedSamples: samples, steps },
    samples: (step) => samples ?? (preset && presetSamples(preset, step)),
    ...{ model, prunable, exclude, gradientNames, records, run },
  });
}

function outputPaths(
  { out, maskOut, stats, scores, saveFisher }: OutputFlags,
  folder: boolean,
): OutputPath[] {
  const paths: OutputPath[] = [];
  if (out !== undefined) paths.push({ option: '--out', path: out, folder });
  if (maskOut !== undefined) paths.push({ option: '--mask-out', path: maskOut });
  if (stats !== undefined) paths.push({ option: '--stats', path: stats });
  if (scores !== undefined) paths.push({ option: '--scores', path: scores });
  if (saveFisher !== undefined) paths.push({ option: '--save-fisher', path: saveFisher });
  return paths;
}

function writtenTo({ out, maskOut, stats, scores, saveFisher }: OutputFlags): WrittenFiles {
  return {
    ...(out && { weights: out }),
    ...(maskOut && { mask: maskOut }),
    ...(stats && { stats }),
    ...(scores && { scores }),
    ...(saveFisher && { fisher: saveFisher }),
  };
}

function seconds(since: number): number {
  return (performance.now() - since) / 1000;
}

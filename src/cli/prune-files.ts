import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WoodFisherError } from '../errors.js';
import { gradientBatches } from '../files/gradient-batches.js';
import { checkOutputs, type OutputPath } from '../files/output-paths.js';
import { type PrunedTensor, prunedInMemory } from '../files/pruned-model.js';
import { readMasks } from '../files/read-masks.js';
import { readParameters } from '../files/read-parameters.js';
import { wholeRegion } from '../files/region.js';
import { stagePruned, stageText } from '../files/stage-pruned.js';
import { StagedOutputs } from '../files/staged-outputs.js';
import { isSharded } from '../formats/safetensors/model-files.js';
import { openSafetensors } from '../formats/safetensors/reader.js';
import { prune } from '../prune.js';
import type { PruneSettings } from '../prune-options.js';
import type { RunStatistics } from '../report/statistics.js';
import { pruneInSlabs } from '../slabs/prune-slabs.js';
import type { SlabPlan } from '../slabs/slab-plan.js';
import { SlabRecords } from '../slabs/slab-records.js';
import { WorkDirectory } from '../slabs/work-directory.js';
import { type Announcement, announceRun, announceSlabs } from './announce-run.js';
import { chooseWay, type WayFlags } from './choose-way.js';
import { type OpenedRun, openRun, type RunFlags } from './open-run.js';
import { pruneSummary } from './output/prune-summary.js';
import type { Reporter } from './output/reporter.js';
import type { Run } from './run.js';

/** Where the results go. */
export interface OutputFlags {
  out: string;
  maskOut?: string;
  stats?: string;
  saveFisher?: string;
}

export type PruneFlags = RunFlags & WayFlags & OutputFlags;

/** What a run has made, ready to be written. */
interface Pruned {
  tensors: PrunedTensor[];
  statistics: RunStatistics;
  /** Seconds of reading the model. */
  load: number;
}

/**
 * Prunes a model from files to files. What can be refused is refused before any data are read, and
 * the outputs appear together, when all has succeeded.
 */
export async function pruneFiles(flags: PruneFlags, run: Run): Promise<void> {
  const start = performance.now();
  const { reporter, signal } = run;
  await checkOutputs(outputPaths(flags, await isSharded(flags.weights)));
  await using opened = await openRun(flags, reporter);
  const folder = flags.workDir ?? dirname(flags.out);
  if (flags.workDir !== undefined) await mkdir(folder, { recursive: true });
  const disk = await statfs(folder).catch(() => undefined);
  await using scratch = new Scratch(flags);
  const way = chooseWay(opened, flags, disk && disk.bavail * disk.bsize);
  const { tensors, statistics, load } = way.inMemory
    ? await pruneWhole(opened, flags, way.gradientBatch, run)
    : await pruneParts(opened, flags, way.plan, scratch, run);

  const beforeWrite = performance.now();
  const { model } = opened;
  reporter.progress({ phase: 'write', done: 0, total: model.tensors.size, unit: 'tensors' });
  await using outputs = new StagedOutputs();
  const warnings = [...statistics.warnings];
  await stagePruned(outputs, flags, model, tensors, {
    signal,
    onRounded: (name, dtype, count) => {
      const weights = count === 1 ? '1 kept weight' : `${count} kept weights`;
      warnings.push(`${weights} of "${name}" round to 0 in ${dtype}; the mask has them as kept`);
    },
  }).catch((error) => {
    tellHowToGoOn(error, flags, run);
    throw error;
  });
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
    pruneSummary(all, written, { load, write: seconds(beforeWrite), total: seconds(start) }),
  );
}

/** With all of the model in memory. */
async function pruneWhole(
  { options, settings, engine, model, gradients, prunable, run, outputAxis }: OpenedRun,
  { maskIn }: PruneFlags,
  gradientBatch: number | undefined,
  { reporter, signal }: Run,
): Promise<Pruned> {
  announce(reporter, await announceRun({ ...run, gradientBatch }, settings.memory, engine));
  const beforeLoad = performance.now();
  const loaded = (done: number): void =>
    reporter.progress({ phase: 'load', done, total: prunable.length, unit: 'tensors' });
  loaded(0);
  const parameters = await readParameters(model, prunable, { outputAxis, signal, onRead: loaded });
  if (maskIn !== undefined) await readMasks(maskIn, model, parameters);
  const load = seconds(beforeLoad);
  const samples = gradients?.samples;
  if (samples !== undefined) {
    reporter.progress({ phase: 'accumulate', done: 0, total: samples, unit: 'samples' });
  }
  const columns = prunable.map(({ name, size }) => ({ name, region: wholeRegion(size) }));
  const { parameters: pruned, statistics } = await prune({
    ...options,
    parameters,
    gradients: gradients && gradientBatches(gradients, columns, signal, gradientBatch),
    samples,
    gradientBatch,
    inPlace: true,
    signal,
    onProgress: (progress) => reporter.progress(progress),
  });
  return { tensors: pruned.map(prunedInMemory), statistics, load };
}

function announce(reporter: Reporter, { event, facts, words }: Announcement): void {
  reporter.note(event, facts, words);
}

/** A slab of the model at a time. */
async function pruneParts(
  opened: OpenedRun,
  flags: PruneFlags,
  plan: SlabPlan,
  scratch: Scratch,
  { reporter, signal }: Run,
): Promise<Pruned> {
  const { settings, engine, model, gradients, kept } = opened;
  await using masks = flags.maskIn === undefined ? undefined : await openSafetensors(flags.maskIn);
  const { records, plan: planned } = await scratch.open(opened, plan, flags);
  announce(reporter, await announceSlabs(planned, engine));
  try {
    const { tensors, statistics } = await pruneInSlabs({
      ...{ plan: planned, settings, engine, gradients, records, others: kept },
      input: { model, masks, zerosArePruned: settings.zerosArePruned, signal },
      onProgress: (progress) => reporter.progress(progress),
    });
    return { tensors, statistics, load: 0 };
  } catch (error) {
    tellHowToGoOn(error, flags, { reporter, signal });
    throw error;
  }
}

/** After a run was stopped, or could not write: what is in its work directory is not lost. */
function tellHowToGoOn(error: unknown, { workDir }: PruneFlags, { reporter, signal }: Run): void {
  if (workDir === undefined) return;
  const failedToWrite = error instanceof WoodFisherError && error.code === 'ERR_WOODFISHER_OUTPUT';
  if (!signal.aborted && !failedToWrite) return;
  reporter.warning(`what is done is in ${workDir}; the same command goes on from there`);
}

/** The folder of a run in slabs: the work directory, or one beside the output for as long as it runs. */
class Scratch implements AsyncDisposable {
  readonly #flags: PruneFlags;
  #directory: WorkDirectory | undefined;
  #temporary: string | undefined;

  constructor(flags: PruneFlags) {
    this.#flags = flags;
  }

  async open(
    opened: OpenedRun,
    plan: SlabPlan,
    flags: PruneFlags,
  ): Promise<{ records: SlabRecords; plan: SlabPlan }> {
    const { workDir, out } = this.#flags;
    if (workDir === undefined) {
      this.#temporary = await mkdtemp(join(dirname(out), '.woodfisher-'));
      return { records: new SlabRecords(this.#temporary, { durable: false }), plan };
    }
    this.#directory = await WorkDirectory.open(workDir);
    const { settings, run, engine, gradients, model, outputAxis } = opened;
    return await this.#directory.resume(
      {
        settings: {
          ...resultSettings(settings),
          ...{ solver: run.solver, outputAxis, allowMissing: flags.allowMissing },
          exclude: flags.exclude?.map(String),
        },
        ...{ run, engine },
        inputs: [
          ...model.files.map(({ file }) => file.path),
          ...(gradients?.paths ?? []),
          ...(flags.maskIn === undefined ? [] : [flags.maskIn]),
        ],
      },
      plan,
    );
  }

  /** The outputs are there: what led to them is of no use any more. */
  async finish(): Promise<void> {
    await this.#directory?.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directory?.close();
    if (this.#temporary !== undefined) await rm(this.#temporary, { recursive: true, force: true });
  }
}

function outputPaths(
  { out, maskOut, stats, saveFisher }: OutputFlags,
  folder: boolean,
): OutputPath[] {
  const paths: OutputPath[] = [{ option: '--out', path: out, folder }];
  if (maskOut !== undefined) paths.push({ option: '--mask-out', path: maskOut });
  if (stats !== undefined) paths.push({ option: '--stats', path: stats });
  if (saveFisher !== undefined) paths.push({ option: '--save-fisher', path: saveFisher });
  return paths;
}

/** What of the settings decides the result: neither threads nor memory do, once there is a plan. */
function resultSettings(settings: PruneSettings): object {
  const { threads: _, memory: __, warnings: ___, gradients: ____, ...result } = settings;
  return result;
}

function writtenTo({ out, maskOut, stats, saveFisher }: OutputFlags): Record<string, string> {
  return {
    weights: out,
    ...(maskOut && { mask: maskOut }),
    ...(stats && { stats }),
    ...(saveFisher && { fisher: saveFisher }),
  };
}

function seconds(since: number): number {
  return (performance.now() - since) / 1000;
}

import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { PruneSettings } from '../prune-options.js';
import { SlabRecords } from '../slabs/slab-records.js';
import { begin, type ChosenWay, type Way, WorkDirectory } from '../slabs/work-directory.js';
import type { OutputFlags } from './flags/output-flags.js';
import type { OpenedRun, RunFlags } from './open-run.js';

type ScratchFlags = RunFlags & ResultFlags;

/** Paths of results, the first of which says where a run may have files of its own. */
type ResultFlags = Pick<OutputFlags, 'out' | 'scores' | 'stats'>;

/** The folder of the results. */
export function folderOf({ out, scores, stats }: ResultFlags): string {
  const first = out ?? scores ?? stats;
  return first === undefined ? tmpdir() : dirname(first);
}

/**
 * The folder of a run: the work directory, or one beside the output for as long as it runs, made where
 * something goes into it.
 */
export class Scratch implements AsyncDisposable {
  readonly #flags: ScratchFlags;
  #directory: WorkDirectory | undefined;
  #temporary: string | undefined;

  constructor(flags: ScratchFlags) {
    this.#flags = flags;
  }

  /** The records of the run, and the way in which it was begun. */
  async open(opened: OpenedRun, chosen: ChosenWay): Promise<{ records: SlabRecords; way: Way }> {
    const { workDir, out } = this.#flags;
    if (workDir === undefined) {
      const way = begin(chosen);
      this.#temporary = join(resolve(folderOf(this.#flags)), `.woodfisher-${randomUUID()}`);
      if (!way.inMemory) await mkdir(this.#temporary);
      return { records: new SlabRecords(this.#temporary, { durable: false }), way };
    }
    this.#directory = await WorkDirectory.open(resolve(workDir));
    const { settings, run, engine, gradients, model, outputAxis, gradientNames } = opened;
    const { allowMissing, exclude, gradientsCommand, lossCommand } = this.#flags;
    const { maskIn, fisher } = this.#flags;
    return await this.#directory.resume(
      {
        settings: {
          ...resultSettings(settings),
          ...{ solver: run.solver, outputAxis, allowMissing, gradientNames },
          exclude: exclude?.map(String),
          model: out !== undefined,
          gradientsCommand: gradientsCommand?.text,
          lossCommand: lossCommand?.text,
        },
        ...{ run, engine },
        inputs: [
          ...model.files.map(({ file }) => file.path),
          ...(gradients?.paths ?? []),
          ...[maskIn, fisher].filter((path) => path !== undefined),
        ],
      },
      chosen,
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

/** What of the settings decides the result: neither threads nor memory do, once there is a plan. */
function resultSettings(settings: PruneSettings): object {
  const {
    threads: _,
    memory: __,
    warnings: ___,
    gradients: ____,
    loss: _____,
    ...result
  } = settings;
  return result;
}

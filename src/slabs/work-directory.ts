import { mkdir, readdir, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ChosenEngine } from '../engine/engine.js';
import { loadNative } from '../engine/native.js';
import { WoodFisherError } from '../errors.js';
import { planRun, type RunSettings } from '../plan/run-plan.js';
import type { ChosenSolver } from '../solvers/choose.js';
import { fingerprint } from './fingerprint.js';
import { takeLock } from './lock.js';
import type { SlabPlan } from './slab-plan.js';
import { SlabRecords } from './slab-records.js';

/** Version of what is in a work directory. */
const VERSION = 1;

/** What a run in a work directory is, for the same command later. */
export interface RunIdentity {
  /** All that decides the result, as JSON has it. */
  settings: unknown;
  run: RunSettings;
  engine: ChosenEngine;
  /** All files that are read. */
  inputs: readonly string[];
}

interface SavedRun {
  version: number;
  settings: unknown;
  inputs: Record<string, string>;
  engine: { name: string; instructionSet?: string };
  plan: {
    solver: ChosenSolver | null;
    gradientBatch: number;
    keepsState: boolean;
    passes: number;
    bytes: SlabPlan['bytes'];
    slabs: { index: number; fromBlock: number; toBlock: number }[][];
  };
}

/** A folder in which a run keeps what it has done, one run at a time. */
export class WorkDirectory {
  readonly #folder: string;
  readonly #release: () => Promise<void>;

  private constructor(folder: string, release: () => Promise<void>) {
    this.#folder = folder;
    this.#release = release;
  }

  /** @throws WoodFisherError `ERR_WOODFISHER_STATE` while another run has it. */
  static async open(folder: string): Promise<WorkDirectory> {
    await mkdir(folder, { recursive: true });
    return new WorkDirectory(folder, await takeLock(join(folder, 'lock')));
  }

  /**
   * Goes on with the run that is there, by the plan that it was begun with; where there is none, begins.
   *
   * @throws WoodFisherError `ERR_WOODFISHER_STATE` where an input, a setting or the instruction set is
   *   not what it was.
   */
  async resume(
    identity: RunIdentity,
    plan: SlabPlan,
  ): Promise<{ records: SlabRecords; plan: SlabPlan; resumed: boolean }> {
    const records = new SlabRecords(this.#folder, { durable: true });
    const saved = await records.read<SavedRun>('run');
    const inputs: Record<string, string> = {};
    for (const path of identity.inputs) inputs[resolve(path)] = await fingerprint(path);
    if (saved === undefined) {
      await records.write('run', savedRun(identity, inputs, plan));
      return { records, plan, resumed: false };
    }
    this.#requireSame(saved, identity, inputs);
    return { records, plan: restoredPlan(saved, identity.run), resumed: true };
  }

  /** Removes what a run has left, when its results are elsewhere. */
  async clear(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => OURS.test(name));
    // The plan goes last: without it nothing of the rest is taken for a run.
    for (const name of names.filter((one) => one !== 'run.json')) await this.#remove(name);
    await this.#remove('run.json');
  }

  /** Lets another run have the folder. */
  async close(): Promise<void> {
    await this.#release();
  }

  async #remove(name: string): Promise<void> {
    await unlink(join(this.#folder, name)).catch(() => undefined);
  }

  #requireSame(
    { version, settings, inputs, engine }: SavedRun,
    identity: RunIdentity,
    now: Record<string, string>,
  ): void {
    const refuse = (problem: string): never => {
      throw new WoodFisherError(
        'ERR_WOODFISHER_STATE',
        `workDir ${this.#folder} has a run that cannot go on: ${problem}; remove the folder to begin again`,
        { option: 'workDir', value: this.#folder },
      );
    };
    if (version !== VERSION) refuse(`it is of version ${version}, and this is ${VERSION}`);
    const changed = Object.keys(now).find((path) => inputs[path] !== now[path]);
    if (changed !== undefined) {
      refuse(
        inputs[changed] === undefined ? `${changed} is a new input` : `${changed} has changed`,
      );
    }
    const gone = Object.keys(inputs).find((path) => now[path] === undefined);
    if (gone !== undefined) refuse(`${gone} is no input any more`);
    const [was, is] = [settings, identity.settings].map(
      (one) => JSON.parse(JSON.stringify(one)) as Record<string, unknown>,
    );
    const other = [...new Set([...Object.keys(was), ...Object.keys(is)])].find(
      (name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]),
    );
    if (other !== undefined) {
      refuse(`${other} was ${JSON.stringify(was[other])} and is ${JSON.stringify(is[other])}`);
    }
    const { name, instructionSet } = identity.engine;
    if (engine.name !== name) refuse(`the engine was ${engine.name} and is ${name}`);
    if (engine.instructionSet !== instructionSet) {
      const there =
        loadNative()
          ?.instructionSets()
          .includes(engine.instructionSet ?? '') ?? false;
      refuse(
        there
          ? `its instruction set was ${engine.instructionSet}; set WOODFISHER_INSTRUCTION_SET=${engine.instructionSet}`
          : `it has used the instruction set ${engine.instructionSet}, which this processor does not have`,
      );
    }
  }
}

/** Files that a run writes into its folder, whole or not. */
const OURS =
  /^((scores|scores32|state|results)-\d+\.bin|(sums|score|apply)-\d+\.json|(run|cuts)\.json|\.woodfisher-.*\.tmp)$/;

function savedRun(
  { settings, engine: { name, instructionSet } }: RunIdentity,
  inputs: Record<string, string>,
  { run, slabs, gradientBatch, keepsState, passes, bytes }: SlabPlan,
): SavedRun {
  return {
    version: VERSION,
    ...{ settings, inputs, engine: { name, instructionSet } },
    plan: {
      solver: run.solver ?? null,
      ...{ gradientBatch, keepsState, passes, bytes },
      slabs: slabs.map((slab) =>
        slab.map(({ index, fromBlock, toBlock }) => ({ index, fromBlock, toBlock })),
      ),
    },
  };
}

function restoredPlan({ plan }: SavedRun, settings: RunSettings): SlabPlan {
  const { solver, gradientBatch, keepsState, passes, bytes, slabs } = plan;
  const run = { ...planRun({ ...settings, gradientBatch }), solver: solver ?? undefined };
  return {
    ...{ run, gradientBatch, keepsState, passes, bytes },
    slabs: slabs.map((slab) =>
      slab.map((slice) => ({
        ...{ ...slice, shape: run.shapes[slice.index], blockSize: run.blockSize },
      })),
    ),
  };
}

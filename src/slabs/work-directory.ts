import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ChosenEngine } from '../engine/engine.js';
import { loadNative } from '../engine/native.js';
import { WoodFisherError } from '../errors.js';
import { planRun } from '../plan/run-plan.js';
import type { RunSettings } from '../plan/run-settings.js';
import type { ChosenSolver } from '../solvers/choose.js';
import { fingerprint } from './fingerprint.js';
import { takeLock } from './lock.js';
import type { SlabPlan } from './slab-plan.js';
import { SlabRecords } from './slab-records.js';
import { removeUnfinished } from './unfinished-outputs.js';

/** Version of what is in a work directory. */
const VERSION = 2;

/** How a run is done: with the model in memory, or a slab of it at a time. */
export type Way = { inMemory: true; gradientBatch?: number } | { inMemory: false; plan: SlabPlan };

/** A way that is chosen, and planned when it is begun: a run that goes on has its plan already. */
export type ChosenWay = (Way & { inMemory: true }) | { inMemory: false; plan: () => SlabPlan };

/** The way, planned now. */
export function begin(way: ChosenWay): Way {
  return way.inMemory ? way : { inMemory: false, plan: way.plan() };
}

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
  way: { inMemory: true; gradientBatch: number | null } | { inMemory: false; plan: SavedPlan };
}

interface SavedPlan {
  solver: ChosenSolver | null;
  gradientBatch: number;
  keepsState: boolean;
  passes: number;
  bytes: SlabPlan['bytes'];
  slabs: { index: number; fromBlock: number; toBlock: number }[][];
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
   * Goes on with the run that is there, by the plan that it was begun with, whatever memory there is by
   * now; where there is none, begins.
   *
   * @throws WoodFisherError `ERR_WOODFISHER_STATE` where an input, a setting or the instruction set is
   *   not what it was.
   */
  async resume(
    identity: RunIdentity,
    chosen: ChosenWay,
  ): Promise<{ records: SlabRecords; way: Way; resumed: boolean }> {
    const records = new SlabRecords(this.#folder, { durable: true });
    const saved = await records.read<SavedRun>('run');
    const inputs: Record<string, string> = {};
    for (const path of identity.inputs) inputs[resolve(path)] = await fingerprint(path);
    if (saved === undefined) {
      const way = begin(chosen);
      await records.write('run', savedRun(identity, inputs, way));
      return { records, way, resumed: false };
    }
    this.#requireSame(saved, identity, inputs, chosen);
    await removeUnfinished(records);
    return { records, way: restoredWay(saved, identity.run), resumed: true };
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
    await rm(join(this.#folder, name), { recursive: true }).catch(() => undefined);
  }

  #requireSame(
    { version, settings, inputs, engine, way }: SavedRun,
    identity: RunIdentity,
    now: Record<string, string>,
    asked: ChosenWay,
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
    if (Object.keys(inputs).join('\0') !== Object.keys(now).join('\0')) {
      refuse('its inputs are in another order');
    }
    const [was, is] = [settings, identity.settings].map(
      (one) => JSON.parse(JSON.stringify(one)) as Record<string, unknown>,
    );
    const other = [...new Set([...Object.keys(was), ...Object.keys(is)])].find(
      (name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]),
    );
    if (other !== undefined) {
      refuse(`${other} was ${JSON.stringify(was[other])} and is ${JSON.stringify(is[other])}`);
    }
    if (way.inMemory !== asked.inMemory) {
      const [before, after] = way.inMemory ? ['in memory', 'in slabs'] : ['in slabs', 'in memory'];
      refuse(`the model was pruned ${before} and is now ${after}`);
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

/** Files and folders that a run writes into its folder, whole or not. */
const OURS =
  /^((scores|scores32|state|results)-\d+\.bin|(sums|score|apply)-\d+\.json|(run|cuts|steps|outputs)\.json|step-(\d+|start)|\.woodfisher-.*\.tmp)$/;

function savedRun(
  { settings, engine: { name, instructionSet } }: RunIdentity,
  inputs: Record<string, string>,
  way: Way,
): SavedRun {
  return {
    version: VERSION,
    ...{ settings, inputs, engine: { name, instructionSet } },
    way: way.inMemory
      ? { inMemory: true, gradientBatch: way.gradientBatch ?? null }
      : { inMemory: false, plan: savedPlan(way.plan) },
  };
}

function savedPlan({ run, slabs, gradientBatch, keepsState, passes, bytes }: SlabPlan): SavedPlan {
  return {
    solver: run.solver ?? null,
    ...{ gradientBatch, keepsState, passes, bytes },
    slabs: slabs.map((slab) =>
      slab.map(({ index, fromBlock, toBlock }) => ({ index, fromBlock, toBlock })),
    ),
  };
}

function restoredWay({ way }: SavedRun, settings: RunSettings): Way {
  return way.inMemory
    ? { inMemory: true, gradientBatch: way.gradientBatch ?? undefined }
    : { inMemory: false, plan: restoredPlan(way.plan, settings) };
}

function restoredPlan(plan: SavedPlan, settings: RunSettings): SlabPlan {
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

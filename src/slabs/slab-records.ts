import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../formats/replace-file.js';
import type { PredictedLossChange } from '../updates/apply.js';
import { writeArrays } from './slab-arrays.js';

/** What is known of a Fisher on disk beside its arrays. */
export interface SavedState {
  samples: number;
  panels: number;
  lowOrder: boolean;
  centred: boolean;
}

/** What a pass over a slab has found; lists by slice. */
export interface SlabRecord {
  /** Weights that were pruned before. */
  prunedBefore: number[];
  /** Weights still there that are in no group. */
  dense?: readonly number[];
  /** Trace of F − λI times the divisor, of the parameter as far as it has been summed. */
  traces?: number[];
  /** Largest bound of cond₂(F) among the blocks. */
  conditions?: number[];
  /** Largest residual of the inverse; null where no F is kept. */
  residuals?: (number | null)[];
  /** The Fisher on disk. */
  state?: SavedState;
  /** Weights pruned now. */
  pruned?: number[];
  /** Predicted loss change, of the parameter as far as it has been updated. */
  changes?: PredictedLossChange[];
}

/**
 * Arrays of a slab: scores with masks, and as float32 in its layout; the Fisher; weights with masks; those
 * for α = 0 and α = 1.
 */
export type Kept = 'scores' | 'scores32' | 'state' | 'results' | 'zero' | 'one';

export type Pass = 'start' | 'sums' | 'score' | 'search' | 'apply';

/**
 * The folder of a run: what each pass over each slab has found, and its arrays. A record is written when
 * its arrays are on disk, and in one piece, so that what is recorded is there.
 */
export class SlabRecords {
  readonly folder: string;
  /** Whether it has to survive a power failure. */
  readonly durable: boolean;

  constructor(folder: string, { durable }: { durable: boolean }) {
    this.folder = folder;
    this.durable = durable;
  }

  /** The records of a pruning step, in a folder of their own; of step −1, the model before the first. */
  async ofStep(step: number): Promise<SlabRecords> {
    const folder = this.#stepFolder(step);
    await mkdir(folder, { recursive: true });
    return new SlabRecords(folder, { durable: this.durable });
  }

  /** Removes the records of a step that nothing needs any more. */
  async dropStep(step: number): Promise<void> {
    await rm(this.#stepFolder(step), { recursive: true, force: true });
  }

  #stepFolder(step: number): string {
    return join(this.folder, step < 0 ? 'step-start' : `step-${number(step)}`);
  }

  /** Removes all but the results of a step that is done. */
  async keepOnlyResults(): Promise<void> {
    const names = await readdir(this.folder);
    for (const name of names.filter((one) => !one.startsWith('results-'))) {
      await rm(join(this.folder, name), { recursive: true, force: true });
    }
  }

  /** Writes the arrays of a slab. */
  async keep(what: Kept, slab: number, arrays: readonly ArrayBufferView[]): Promise<void> {
    await writeArrays(this.path(what, slab), arrays, { durable: this.durable });
  }

  /** Path of the arrays of a slab. */
  path(what: Kept, slab: number): string {
    return join(this.folder, `${what}-${number(slab)}.bin`);
  }

  async get(pass: Pass, slab: number): Promise<SlabRecord | undefined> {
    return await this.read<SlabRecord>(`${pass}-${number(slab)}`);
  }

  async set(pass: Pass, slab: number, record: SlabRecord): Promise<void> {
    await this.write(`${pass}-${number(slab)}`, record);
  }

  /** What was written under a name; undefined where nothing was. */
  async read<T>(name: string): Promise<T | undefined> {
    try {
      return JSON.parse(await readFile(join(this.folder, `${name}.json`), 'utf8')) as T;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async write(name: string, value: unknown): Promise<void> {
    await replaceFile(
      join(this.folder, `${name}.json`),
      (handle) => handle.writeFile(JSON.stringify(value)),
      { durable: this.durable },
    );
  }
}

function number(slab: number): string {
  return slab.toString().padStart(6, '0');
}

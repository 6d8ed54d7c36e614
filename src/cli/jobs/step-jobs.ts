import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { reworded, WoodFisherError } from '../../errors.js';
import {
  type GradientFiles,
  type MatchedGradients,
  openGradients,
  requireSamples,
} from '../../files/gradient-files.js';
import type { PrunedTensor } from '../../files/pruned-model.js';
import type { TensorInfo } from '../../files/tensor-reader.js';
import type { ModelFiles } from '../../formats/safetensors/model-files.js';
import { fingerprint } from '../../slabs/fingerprint.js';
import type { SlabRecords } from '../../slabs/slab-records.js';
import type { Run } from '../run.js';
import { fillWords, hasPlaceholder, type JobCommand } from './job-command.js';
import { jobOutputs, syncFiles, writeJobInputs } from './job-files.js';
import { lastLine, lastNumber } from './last-number.js';
import { jobError, runJob } from './run-job.js';

const GRADIENTS_FLAG = '--gradients-command';
const LOSS_FLAG = '--loss-command';

/** Characters at the end of a job's output that are kept, to look for a number on its last line. */
const KEPT_OUTPUT = 4096;

/** What the jobs of a run are about. */
export interface JobContext {
  gradients: JobCommand | undefined;
  loss: JobCommand | undefined;
  steps: number;
  /** Samples that every step must have; undefined where any number will do. */
  fixedSamples: number | undefined;
  /** Samples that are wanted at a step, where that is known. */
  samples(step: number): number | undefined;
  model: ModelFiles;
  prunable: readonly TensorInfo[];
  exclude: readonly RegExp[];
  gradientNames: readonly string[] | undefined;
  records: SlabRecords;
  run: Run;
}

/** Gradients of a step that are there, as they are recorded. */
interface SavedGradients {
  /** The folder that they are in. */
  attempt: string;
  /** Fingerprints by path in it. */
  files: Record<string, string>;
}

/**
 * The user's own jobs, which take the gradients and the loss at the weights of a step. Each one that has
 * ended is recorded, and not run again by a run that goes on.
 */
export class StepJobs implements AsyncDisposable {
  readonly #context: JobContext;
  #step = 0;
  #open: GradientFiles | undefined;
  /** Of the step, in the order in which they were taken; those recorded before come first. */
  #losses: number[] | undefined;
  #taken = 0;

  constructor(context: JobContext) {
    this.#context = context;
  }

  /** Whether gradients are taken by a job. */
  get takesGradients(): boolean {
    return this.#context.gradients !== undefined;
  }

  /** Begins a step (0, 1, …): what is taken from now on is about it. */
  async begin(step: number): Promise<void> {
    await this.close();
    this.#step = step;
    this.#losses = undefined;
    this.#taken = 0;
  }

  /** The gradients at the weights of the step; open until the next one begins. */
  async gradients(tensors: readonly PrunedTensor[]): Promise<MatchedGradients> {
    const records = await this.#records();
    const saved = await records.read<SavedGradients>('gradients');
    if (saved === undefined) return await this.#takeGradients(records, tensors);
    await this.#requireSame(records, saved);
    const { folder } = records;
    return await this.#match(await this.#outputs(join(folder, saved.attempt)));
  }

  /** The loss on held-out data with weights. */
  async loss(tensors: readonly PrunedTensor[]): Promise<number> {
    const records = await this.#records();
    this.#losses ??= ((await records.read<string[]>('losses')) ?? []).map(Number);
    const at = this.#taken++;
    if (at < this.#losses.length) return this.#losses[at];
    const loss = await this.#takeLoss(records, tensors);
    this.#losses.push(loss);
    // In words: JSON has no infinity.
    await records.write('losses', this.#losses.map(String));
    this.#context.run.reporter.note(
      'loss',
      { step: this.#step + 1, loss: Number.isFinite(loss) ? loss : null },
      `${this.#stepWords()}: loss ${loss}`,
    );
    return loss;
  }

  /** Closes the gradients of the step. */
  async close(): Promise<void> {
    await this.#open?.[Symbol.asyncDispose]();
    this.#open = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #takeGradients(
    records: SlabRecords,
    tensors: readonly PrunedTensor[],
  ): Promise<MatchedGradients> {
    const { gradients: command, model, run } = this.#context;
    if (command === undefined) throw new Error('there is no job for gradients');
    const folder = await this.#attempt(records);
    const inputs = await writeJobInputs(folder, model, tensors, {
      signal: run.signal,
      mask: hasPlaceholder(command, 'mask'),
    });
    const words = fillWords(command, { ...inputs, ...this.#numbers(), out: outIn(folder) });
    run.reporter.note(
      'gradients-command',
      { step: this.#step + 1, words },
      `${this.#stepWords()}: ${command.text}`,
    );
    await runJob({ flag: GRADIENTS_FLAG, words, signal: run.signal });
    const matched = await this.#match(await this.#outputs(folder));
    const files: Record<string, string> = {};
    for (const path of matched.paths) files[relative(folder, path)] = await fingerprint(path);
    if (records.durable) await syncFiles(matched.paths);
    const attempt = relative(records.folder, folder);
    await records.write('gradients', { attempt, files } satisfies SavedGradients);
    return matched;
  }

  async #takeLoss(records: SlabRecords, tensors: readonly PrunedTensor[]): Promise<number> {
    const { loss: command, model, run } = this.#context;
    if (command === undefined) throw new Error('there is no job for the loss');
    const { signal } = run;
    await clearLeft(records, /^loss-/);
    const folder = await mkdtemp(join(records.folder, 'loss-'));
    try {
      const inputs = await writeJobInputs(folder, model, tensors, { signal, mask: false });
      const words = fillWords(command, { ...inputs, ...this.#numbers() });
      run.reporter.note('loss-command', { step: this.#step + 1, words });
      let output = '';
      const onOutput = (text: string): void => {
        output = (output + text).slice(-KEPT_OUTPUT);
      };
      await runJob({ flag: LOSS_FLAG, words, signal, onOutput });
      const loss = lastNumber(output);
      if (loss !== undefined) return loss;
      const found = output.trim() === '' ? 'nothing' : JSON.stringify(lastLine(output));
      throw jobError(
        `${LOSS_FLAG} must print the loss as a number on its last line, but it printed ${found}`,
      );
    } catch (error) {
      // The dtype of the weights does not hold a step that goes so far.
      if (isOverflow(error)) return Number.POSITIVE_INFINITY;
      throw error;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** A new folder: what a job of a killed run still writes goes elsewhere. */
  async #attempt(records: SlabRecords): Promise<string> {
    await clearLeft(records, /^(attempt|loss)-/);
    return await mkdtemp(join(records.folder, 'attempt-'));
  }

  #outputs(folder: string): Promise<string[]> {
    return jobOutputs(GRADIENTS_FLAG, outIn(folder));
  }

  async #match(paths: readonly string[]): Promise<MatchedGradients> {
    const { model, gradientNames, prunable, exclude, fixedSamples } = this.#context;
    try {
      this.#open = await openGradients(paths, model, gradientNames);
      const matched = this.#open.match(model, prunable, exclude);
      requireSamples(matched.samples, fixedSamples);
      return matched;
    } catch (error) {
      throw this.#named(error);
    }
  }

  async #requireSame({ folder }: SlabRecords, { attempt, files }: SavedGradients): Promise<void> {
    for (const [name, before] of Object.entries(files)) {
      const path = join(folder, attempt, name);
      const now = await fingerprint(path).catch(() => undefined);
      if (now === before) continue;
      throw new WoodFisherError(
        'ERR_WOODFISHER_STATE',
        `workDir has gradients of ${this.#stepWords()} that ${now === undefined ? 'are not there any more' : 'have changed'}: ${path}; remove the folder of the run to begin again`,
        { option: 'workDir', value: path },
      );
    }
  }

  /** An error about what a job wrote, with the job's name. */
  #named(error: unknown): unknown {
    if (!(error instanceof WoodFisherError)) return error;
    return reworded(error, `${GRADIENTS_FLAG}, ${this.#stepWords()}: ${error.message}`);
  }

  #numbers() {
    const { steps, samples } = this.#context;
    return { step: this.#step + 1, steps, samples: samples(this.#step) };
  }

  #stepWords(): string {
    return `step ${this.#step + 1} of ${this.#context.steps}`;
  }

  #records(): Promise<SlabRecords> {
    return this.#context.records.ofStep(this.#step);
  }
}

/** Removes the folders of jobs that a killed run has left. */
async function clearLeft({ folder }: SlabRecords, names: RegExp): Promise<void> {
  const left = (await readdir(folder)).filter((name) => names.test(name));
  for (const name of left) await rm(join(folder, name), { recursive: true, force: true });
}

/** Where the gradients of an attempt go. */
function outIn(folder: string): string {
  return join(folder, 'gradients.safetensors');
}

function isOverflow(error: unknown): boolean {
  if (!(error instanceof WoodFisherError)) return false;
  return error.code === 'ERR_WOODFISHER_OUTPUT' && error.details.index !== undefined;
}

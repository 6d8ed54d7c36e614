import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { WoodFisherError } from '../errors.js';
import { formatBytes } from '../memory/byte-size.js';
import type { GradientBatch } from '../parameters.js';
import type { RunContext } from '../pool/run-context.js';
import { BatchIntake } from './batch-intake.js';
import type { SharedBatch } from './fisher-state.js';

/** Batches that may wait or be summed at a time before `add` makes the caller wait. */
const BATCHES_UNDER_WAY = 2;

/** What samples are summed into. */
export interface SampleSink {
  readonly parameters: readonly BlockedParameter[];
  /** Bytes that it has to grow by before it can take `count` more samples. */
  growth(count: number): number;
  /** Takes the memory for `count` more samples; they are added in the order of these calls. */
  admit(count: number): void;
  add(batch: SharedBatch): Promise<void>;
  /** Called when all samples are in. */
  settle(): Promise<void>;
}

/** What adding a batch gives when it has been accepted. */
export interface AcceptedBatch {
  /** Settles when the batch has been summed and its shared memory may be used again. */
  released: Promise<void>;
}

/** Gradient samples on their way into a Fisher state: accepted in turn, summed one batch after the other. */
export class SampleStream {
  readonly #context: RunContext;
  readonly #state: SampleSink;
  readonly #intake: BatchIntake;
  readonly #declared: number | undefined;
  readonly #afterSamples: number;
  readonly #onSummed: (samples: number) => void;
  /** Calls of `add` take their turns. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Sums of accepted batches; never rejects. */
  #sums: Promise<void> = Promise.resolve();
  readonly #underWay: Promise<void>[] = [];
  #accepted: number;
  #failure: { error: unknown } | undefined;

  /**
   * `declared`: how many samples there are in the end, where that is known. `accepted`: samples that
   * the state has already. `others`: parameters whose
   * gradients are not read. `afterSamples`: bytes that the run needs beside the state when all samples
   * are in. `factorsOnly`: gradients that came multiplied out are refused. `onSummed` is told how many
   * samples the state holds.
   */
  constructor(
    context: RunContext,
    state: SampleSink,
    {
      declared,
      accepted = 0,
      others,
      afterSamples,
      factorsOnly,
      onSummed = () => undefined,
    }: {
      declared?: number;
      accepted?: number;
      others: readonly string[];
      afterSamples: number;
      factorsOnly?: boolean;
      onSummed?: (samples: number) => void;
    },
  ) {
    this.#context = context;
    this.#state = state;
    this.#intake = new BatchIntake(context, state.parameters, new Set(others), factorsOnly);
    this.#declared = declared;
    this.#accepted = accepted;
    this.#afterSamples = afterSamples;
    this.#onSummed = onSummed;
  }

  /** Samples accepted so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Values of the batches so far that had to be copied. */
  get copiedValues(): number {
    return this.#intake.copiedValues;
  }

  /** See BlockFisher.add. */
  add(batch: GradientBatch): Promise<AcceptedBatch> {
    const turn = this.#turn.then(() => this.#accept(batch));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** See BlockFisher.nextBuffer. */
  lend(count: number): Record<string, Float32Array> {
    this.throwIfUnusable();
    return this.#intake.lend(count);
  }

  /** Waits until all samples are in the state; returns how many, which is at least one and as declared. */
  async complete(): Promise<number> {
    await this.#turn;
    await this.#sums;
    this.throwIfUnusable();
    this.#context.lease.trim();
    if (this.#accepted === 0) {
      throw new WoodFisherError(
        'ERR_WOODFISHER_SAMPLES',
        'there are no gradient samples; the Fisher needs at least one',
        { value: 0 },
      );
    }
    if (this.#declared !== undefined && this.#accepted !== this.#declared) {
      throw this.#wrongCount(this.#accepted);
    }
    const samples = this.#accepted;
    const settled = this.#sums.then(() => this.#state.settle());
    this.#sums = settled.catch((error: unknown) => {
      this.#failure ??= { error };
    });
    await settled;
    return samples;
  }

  /** Throws what made the state useless: a sum that failed, or the end of the run. */
  throwIfUnusable(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#context.throwIfUnusable();
  }

  async #accept(batch: GradientBatch): Promise<AcceptedBatch> {
    this.throwIfUnusable();
    const count = this.#intake.count(batch);
    if (this.#declared !== undefined && this.#accepted + count > this.#declared) {
      throw this.#wrongCount(this.#accepted + count);
    }
    await this.#makeRoom(batch, count);
    const taken = await this.#intake.take(batch, count);
    try {
      this.#state.admit(count);
    } catch (error) {
      taken.release();
      throw error;
    }
    this.#accepted += count;
    const samples = this.#accepted;
    const sum = this.#sums.then(async () => {
      try {
        if (this.#failure === undefined) await this.#state.add(taken);
      } catch (error) {
        this.#failure ??= { error };
      } finally {
        taken.release();
      }
    });
    this.#sums = sum;
    const released = sum.then(() => {
      if (this.#failure !== undefined) throw this.#failure.error;
      this.#onSummed(samples);
    });
    released.catch(() => undefined); // also thrown by the next call
    this.#underWay.push(sum);
    if (this.#underWay.length >= BATCHES_UNDER_WAY) await this.#underWay.shift();
    return { released };
  }

  /** Waits for the batches under way where their memory is needed; refuses a batch that does not fit. */
  async #makeRoom(batch: GradientBatch, count: number): Promise<void> {
    const { lease } = this.#context;
    const copied = this.#intake.copiedBytes(batch);
    const missing = (): number => {
      const growth = this.#state.growth(count);
      const late = growth === 0 ? 0 : this.#afterSamples - this.#intake.heldBytes;
      return growth + Math.max(copied, late) - lease.room;
    };
    if (missing() > 0) await this.#sums;
    if (missing() <= 0) return;
    const growth = this.#state.growth(count);
    const fitting = growth > 0 ? 0 : Math.floor((lease.room * count) / copied);
    const what =
      growth > 0
        ? `, ${formatBytes(growth)} of it to keep the rounding errors of so many batches`
        : '';
    throw new WoodFisherError(
      'ERR_WOODFISHER_MEMORY',
      `a batch of ${samplesOf(count)} needs ${formatBytes(growth + copied)} of memory${what}, but of what this run may take ${formatBytes(lease.room)} are left; ${fitting >= 1 ? `batches of ${samplesOf(fitting)} would fit` : 'allow more memory, or use a smaller blockSize'}`,
      { option: 'memoryLimit', value: growth + copied },
    );
  }

  #wrongCount(count: number): WoodFisherError {
    return new WoodFisherError(
      'ERR_WOODFISHER_SAMPLES',
      `samples says that ${this.#declared} gradient samples come, but there are ${count}`,
      { option: 'samples', value: count },
    );
  }
}

function samplesOf(count: number): string {
  return count === 1 ? '1 sample' : `${count} samples`;
}

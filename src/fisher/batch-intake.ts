import { WoodFisherError } from '../errors.js';
import type { Lease } from '../memory/arena.js';
import { copyInPieces } from '../memory/pieces.js';
import type { GradientBatch } from '../parameters.js';
import type { LabelledJob, RunContext } from '../pool/run-context.js';
import type { BlockedParameter } from './blocked-parameter.js';
import type { SharedBatch } from './fisher-state.js';

/** Elements a task of the finiteness check reads: 16 MB. */
const CHECKED = 1 << 22;

/** A batch that was taken over, and how to give its memory back. */
export interface TakenBatch extends SharedBatch {
  release(): void;
}

/** Takes batches over from the caller: checks them, and copies what is not on shared memory. */
export class BatchIntake {
  readonly #parameters: readonly BlockedParameter[];
  readonly #others: ReadonlySet<string>;
  readonly #context: RunContext;
  readonly #lent = new Set<Float32Array>();

  /** `others`: parameters that are not pruned; their gradients may be in a batch and are not read. */
  constructor(
    context: RunContext,
    parameters: readonly BlockedParameter[],
    others: ReadonlySet<string>,
  ) {
    this.#context = context;
    this.#parameters = parameters;
    this.#others = others;
  }

  /** Samples in a batch; refuses missing, unknown and misshapen arrays. */
  count(batch: GradientBatch): number {
    const known = new Set(this.#parameters.map(({ name }) => name));
    for (const name of Object.keys(batch)) {
      if (!known.has(name) && !this.#others.has(name)) {
        throw new WoodFisherError(
          'ERR_WOODFISHER_MISSING',
          `the batch has gradients for "${name}", which is no parameter`,
          { parameter: name },
        );
      }
    }
    const counts = this.#parameters.map((parameter) => samplesOf(parameter, batch));
    const [first] = counts;
    const odd = counts.findIndex((count) => count !== first);
    if (odd !== -1) {
      const { name } = this.#parameters[odd];
      throw new WoodFisherError(
        'ERR_WOODFISHER_SHAPE',
        `a batch must have the same number of samples for every parameter, but has ${first} for "${this.#parameters[0].name}" and ${counts[odd]} for "${name}"`,
        { parameter: name, value: counts[odd] },
      );
    }
    return first;
  }

  /** Copies what has to be copied and checks that all of it is finite. */
  async take(batch: GradientBatch, count: number): Promise<TakenBatch> {
    const own: Float32Array[] = [];
    const release = (): void => {
      for (const array of own) this.#context.lease.release(array);
    };
    try {
      const gradients: Float32Array[] = [];
      for (const { name } of this.#parameters) {
        const array = batch[name];
        if (this.#lent.delete(array)) own.push(array);
        gradients.push(isShared(array) ? array : await copy(array, this.#context.lease, own));
      }
      await this.#checkFinite(gradients);
      return { count, gradients, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Lends recycled arrays for a batch of `count` samples; {@link take} takes them back. */
  lend(count: number): Record<string, Float32Array> {
    const arrays = this.#parameters.map(({ name, size }): [string, Float32Array] => {
      const array = this.#context.lease.float32(count * size);
      this.#lent.add(array);
      return [name, array];
    });
    return Object.fromEntries(arrays);
  }

  async #checkFinite(gradients: readonly Float32Array[]): Promise<void> {
    const tasks: LabelledJob<'findNonFinite'>[][] = [];
    gradients.forEach((values, index) => {
      for (let begin = 0; begin < values.length; begin += CHECKED) {
        const end = Math.min(begin + CHECKED, values.length);
        const job = { values, begin, end, control: this.#context.control };
        tasks.push([{ parameter: this.#parameters[index].name, job }]);
      }
    });
    const found = await this.#context.run('findNonFinite', tasks);
    const bad = found.findIndex(([at]) => at >= 0);
    if (bad === -1) return;
    const [{ parameter: name, job }] = tasks[bad];
    const [at] = found[bad];
    const size = this.#parameters.find((parameter) => parameter.name === name)?.size ?? 1;
    throw new WoodFisherError(
      'ERR_WOODFISHER_NONFINITE',
      `gradient ${at % size} of parameter "${name}" must be finite, but is ${job.values[at]} in sample ${Math.floor(at / size)} of the batch`,
      { parameter: name, index: at % size, value: job.values[at] },
    );
  }
}

function samplesOf({ name, size, shape }: BlockedParameter, batch: GradientBatch): number {
  const array = batch[name];
  if (array === undefined) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_MISSING',
      `the batch has no gradients for parameter "${name}"; give them, or set prunable: false`,
      { parameter: name },
    );
  }
  if (!(array instanceof Float32Array)) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_SHAPE',
      `the gradients of parameter "${name}" must be a Float32Array`,
      { parameter: name },
    );
  }
  if (array.length === 0 || array.length % size !== 0) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_SHAPE',
      `the gradients of parameter "${name}" must be [samples, ${shape.join(', ')}], a whole number of times ${size} elements and at least once, but have ${array.length}`,
      { parameter: name, value: array.length },
    );
  }
  return array.length / size;
}

function isShared(array: Float32Array): boolean {
  return array.buffer instanceof SharedArrayBuffer;
}

async function copy(array: Float32Array, lease: Lease, own: Float32Array[]): Promise<Float32Array> {
  const shared = lease.float32(array.length);
  own.push(shared);
  await copyInPieces(array, shared);
  return shared;
}

import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { WoodFisherError } from '../errors.js';
import { copyInPieces } from '../memory/pieces.js';
import type { FactoredGradients, GradientBatch } from '../parameters.js';
import type { LabelledJob, RunContext } from '../pool/run-context.js';
import { endsWithin } from '../pool/sendable.js';
import type { SharedBatch, SharedGradients } from './fisher-state.js';

/** Elements a task of the finiteness check reads: 64 MB, about 3 ms. */
const CHECKED = 1 << 24;

/** A batch that was taken over, and how to give its memory back. */
export interface TakenBatch extends SharedBatch {
  release(): void;
}

/** Takes batches over from the caller: checks them, and copies what is not on shared memory. */
export class BatchIntake {
  readonly #parameters: readonly BlockedParameter[];
  readonly #others: ReadonlySet<string>;
  readonly #factorsOnly: boolean;
  readonly #context: RunContext;
  readonly #lent = new Set<Float32Array>();
  #held = 0;
  #copied = 0;

  /**
   * `others`: parameters that are not pruned; their gradients may be in a batch and are not read.
   * `factorsOnly`: gradients are wanted as factors, for convolutions with several positions.
   */
  constructor(
    context: RunContext,
    parameters: readonly BlockedParameter[],
    others: ReadonlySet<string>,
    factorsOnly = false,
  ) {
    this.#context = context;
    this.#parameters = parameters;
    this.#others = others;
    this.#factorsOnly = factorsOnly;
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
    const counts = this.#parameters.map((parameter) =>
      samplesOf(parameter, batch, this.#factorsOnly),
    );
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

  /** Values that had to be copied so far. */
  get copiedValues(): number {
    return this.#copied;
  }

  /** Bytes of shared memory that are lent, or hold copies of batches. */
  get heldBytes(): number {
    return this.#held;
  }

  /** Bytes of a batch that have to be copied. */
  copiedBytes(batch: GradientBatch): number {
    return this.#parameters
      .flatMap(({ name }) => arraysOf(batch[name]))
      .reduce((sum, array) => sum + (isShared(array) ? 0 : array.byteLength), 0);
  }

  /** Copies what has to be copied and checks that all of it is finite. */
  async take(batch: GradientBatch, count: number): Promise<TakenBatch> {
    const own: Float32Array[] = [];
    const release = (): void => {
      for (const array of own) this.#giveBack(array);
    };
    const share = async (array: Float32Array): Promise<Float32Array> => {
      if (this.#lent.delete(array)) own.push(array);
      if (isShared(array)) return array;
      const shared = this.#borrow(array.length);
      own.push(shared);
      await copyInPieces(array, shared);
      this.#copied += array.length;
      return shared;
    };
    try {
      const gradients: SharedGradients[] = [];
      for (const { name } of this.#parameters) {
        const given = batch[name];
        if (given instanceof Float32Array) gradients.push({ gradients: await share(given) });
        else {
          const inputs = await share(given.inputs);
          gradients.push({ inputs, deltas: await share(given.deltas) });
        }
      }
      await this.#checkFinite(gradients, count);
      return { count, gradients, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Lends recycled arrays for a batch of `count` samples; {@link take} takes them back. */
  lend(count: number): Record<string, Float32Array> {
    const values = this.#parameters.reduce((sum, { modelSize }) => sum + count * modelSize, 0);
    this.#context.lease.require(4 * values);
    const arrays = this.#parameters.map(({ name, modelSize }): [string, Float32Array] => {
      const array = this.#borrow(count * modelSize);
      this.#lent.add(array);
      return [name, array];
    });
    return Object.fromEntries(arrays);
  }

  #borrow(length: number): Float32Array {
    const array = this.#context.lease.float32(length);
    this.#held += array.byteLength;
    return array;
  }

  #giveBack(array: Float32Array): void {
    this.#context.lease.release(array);
    this.#held -= array.byteLength;
  }

  async #checkFinite(gradients: readonly SharedGradients[], count: number): Promise<void> {
    const tasks: LabelledJob<'findNonFinite'>[][] = [];
    const whats: string[] = [];
    gradients.forEach((arrays, index) => {
      for (const [what, values] of Object.entries(arrays) as [string, Float32Array][]) {
        for (let begin = 0; begin < values.length; begin += CHECKED) {
          const end = Math.min(begin + CHECKED, values.length);
          const job = { values, begin, end, control: this.#context.control };
          tasks.push([{ parameter: this.#parameters[index].name, job }]);
          whats.push(NAMES[what]);
        }
      }
    });
    const found = await this.#context.run('findNonFinite', tasks);
    const bad = found.findIndex(([at]) => at >= 0);
    if (bad === -1) return;
    const [{ parameter: name, job }] = tasks[bad];
    const [at] = found[bad];
    const size = job.values.length / count;
    throw new WoodFisherError(
      'ERR_WOODFISHER_NONFINITE',
      `${whats[bad]} ${at % size} of parameter "${name}" must be finite, but is ${job.values[at]} in sample ${Math.floor(at / size)} of the batch`,
      { parameter: name, index: at % size, value: job.values[at] },
    );
  }
}

/** What the arrays of a batch are called in messages. */
const NAMES: Record<string, string> = { gradients: 'gradient', inputs: 'input', deltas: 'delta' };

function samplesOf(
  parameter: BlockedParameter,
  batch: GradientBatch,
  factorsOnly: boolean,
): number {
  const { name, modelSize, shape } = parameter;
  const given = batch[name];
  if (given === undefined) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_MISSING',
      `the batch has no gradients for parameter "${name}"; give them, or set prunable: false`,
      { parameter: name },
    );
  }
  if (given instanceof Float32Array) {
    if (factorsOnly) throw multipliedOut(name);
    return rowsOf(name, 'gradients', given, modelSize, shape.join(', '));
  }
  const { inner, outer } = factorWidths(parameter);
  const positions = checkPositions(name, given, factorsOnly);
  const of = (width: number): string => (positions === 1 ? `${width}` : `${positions}, ${width}`);
  const inputs = rowsOf(name, 'inputs', given.inputs, positions * inner, of(inner));
  const deltas = rowsOf(name, 'deltas', given.deltas, positions * outer, of(outer));
  if (inputs === deltas) return inputs;
  throw new WoodFisherError(
    'ERR_WOODFISHER_SHAPE',
    `the factors of parameter "${name}" must have the same number of samples, but there are ${inputs} inputs and ${deltas} deltas`,
    { parameter: name, value: deltas },
  );
}

function multipliedOut(name: string): WoodFisherError {
  return new WoodFisherError(
    'ERR_WOODFISHER_SHAPE',
    `criterion "kfac" needs the gradients of parameter "${name}" as their factors {inputs, deltas}, whose products with themselves it sums; they came multiplied out`,
    { parameter: name },
  );
}

function checkPositions(
  name: string,
  { positions = 1 }: FactoredGradients,
  factorsOnly: boolean,
): number {
  if (!Number.isSafeInteger(positions) || positions < 1) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_SHAPE',
      `positions of parameter "${name}" must be a whole number of at least 1, but is ${positions}`,
      { parameter: name, value: positions },
    );
  }
  if (positions > 1 && !factorsOnly) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_SHAPE',
      `factors with several positions are for criterion "kfac", but those of parameter "${name}" have ${positions}; sum the products over the positions and give the gradients whole`,
      { parameter: name, value: positions },
    );
  }
  return positions;
}

/** Inputs and outputs of a parameter, whichever of them is outermost in its blocks. */
function factorWidths({ order, transposed }: BlockedParameter): { inner: number; outer: number } {
  const [inner, outer] = [order.before * order.after, order.outputs];
  return transposed ? { inner: outer, outer: inner } : { inner, outer };
}

/** Rows of `width` elements in an array of at least one row. */
function rowsOf(
  name: string,
  what: string,
  array: FactoredGradients['inputs'] | undefined,
  width: number,
  shape: string,
): number {
  if (!(array instanceof Float32Array)) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_SHAPE',
      `the ${what} of parameter "${name}" must be a Float32Array`,
      { parameter: name },
    );
  }
  if (!endsWithin((isShared(array) ? array.byteOffset : 0) + array.byteLength)) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_SHAPE',
      `the ${what} of parameter "${name}" must end within the first 4 GiB of their buffer, but take ${array.byteLength} bytes from byte ${array.byteOffset} on; send fewer samples at a time`,
      { parameter: name, value: array.byteLength },
    );
  }
  if (array.length === 0 || array.length % width !== 0) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_SHAPE',
      `the ${what} of parameter "${name}" must be [samples, ${shape}], a whole number of times ${width} elements and at least once, but have ${array.length}`,
      { parameter: name, value: array.length },
    );
  }
  return array.length / width;
}

function arraysOf(given: Float32Array | FactoredGradients): Float32Array[] {
  return given instanceof Float32Array ? [given] : [given.inputs, given.deltas];
}

function isShared(array: Float32Array): boolean {
  return array.buffer instanceof SharedArrayBuffer;
}

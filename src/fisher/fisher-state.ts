import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { cutIntoTasks, type Span, type StateChunk, tasksOfBytes } from '../blocks/spans.js';
import type { KernelJob, SolverName, StateRange } from '../engine/kernels.js';
import type { Lease } from '../memory/arena.js';
import { fillInPieces, inPieces } from '../memory/pieces.js';
import type { LabelledJob, RunContext } from '../pool/run-context.js';
import { accumulateFlops } from '../solvers/flops.js';
import { type FisherForm, isPlain, PLAIN_FORM } from '../solvers/form.js';
import { type Lambda, lambdaOf } from './lambda.js';
import {
  bytesOfBlock,
  chunkShapes,
  derivedArrays,
  needsLowOrder,
  panelsOf,
  stateBytes,
  stride,
  sumArrays,
} from './state-layout.js';

/** Blocks from this order on are summed in tiles of rows, so that several threads can share one. */
const TILED_ORDER = 1024;
const TILE_ROWS = 512;

const NOTHING = new Float64Array(0);
const NO_ROWS = new Float32Array(0);

/** One parameter's share of the Fisher state. */
export interface ParameterState {
  parameter: BlockedParameter;
  chunks: StateChunk[];
  /** Σ g and Σ g² by weight, block order. */
  gradientSum: Float64Array;
  squareSum: Float64Array;
  /** ḡ times the divisor of F, when the state is settled. The same array as Σ g where that is it. */
  scaledSum: Float64Array;
  /** The diagonal of F − λI times its divisor, when the state is settled. Maybe the array of Σ g². */
  diagonalSum: Float64Array;
}

/** What is known of a state before its first sample. */
interface KnownOfState {
  /** How many samples come; needed by woodbury and dual. */
  samples?: number;
  /** λ, needed by woodbury. */
  damping?: number;
  /** Default: F = λI + (1/N) Σ g gᵀ. */
  form?: FisherForm;
}

/** Gradients of one parameter on shared memory: whole, or as factors (see AccumulateJob). */
export type SharedGradients =
  | { gradients: Float32Array }
  | { inputs: Float32Array; deltas: Float32Array };

/** A batch on shared memory: `count` samples of every parameter, in the order of the parameters. */
export interface SharedBatch {
  count: number;
  gradients: readonly SharedGradients[];
}

/** What is kept while samples stream in: per block S or P, and per weight the sums of g and g². */
export class FisherState {
  readonly solver: SolverName;
  readonly parameters: readonly BlockedParameter[];
  readonly parts: readonly ParameterState[];
  /** N the inverse is for: the number so far for gram, else the declared one. */
  samples: number;
  readonly form: FisherForm;
  /** λ that woodbury started from. */
  readonly damping: number | undefined;
  readonly #context: RunContext;
  /** Panels of the batches that were admitted, and of those that are summed. */
  #admitted = 0;
  #panels = 0;
  #stored = 0;
  /** Memory for the rounding errors, from when a batch is admitted that needs it; empty once the chunks have it. */
  #lowOrder: Float64Array[] | undefined;
  /** Whether the mean's share is out of S at the moment. */
  #isCentred = false;

  private constructor(
    context: RunContext,
    solver: SolverName,
    parameters: readonly BlockedParameter[],
    { samples, damping, form = PLAIN_FORM }: KnownOfState,
  ) {
    this.#context = context;
    this.solver = solver;
    this.form = form;
    this.parameters = parameters;
    this.samples = solver === 'gram' ? 0 : (samples ?? 0);
    this.damping = solver === 'woodbury' ? damping : undefined;
    this.parts = parameters.map((parameter) =>
      allocate(parameter, solver, this.samples, form, context.lease),
    );
  }

  /** Allocates the state and sets it to that of no sample. */
  static async create(
    context: RunContext,
    solver: SolverName,
    parameters: readonly BlockedParameter[],
    known: KnownOfState,
  ): Promise<FisherState> {
    const state = new FisherState(context, solver, parameters, known);
    if (solver !== 'dual') await state.#clear((chunk) => chunk.states);
    for (const { gradientSum, squareSum } of state.parts) {
      await fillInPieces(gradientSum, 0);
      await fillInPieces(squareSum, 0);
    }
    return state;
  }

  /** What S is divided by: F = λI + S/divisor. N, or N over the examples of a sample. */
  get divisor(): number {
    return this.samples / this.form.scale;
  }

  /** Whether the mean's share is out of S at the moment. */
  get isCentred(): boolean {
    return this.#isCentred;
  }

  /** Bytes that the state has to grow by before it can take `count` more samples. */
  growth(count: number): number {
    const panels = this.#admitted + panelsOf(count);
    if (this.#lowOrder !== undefined || !needsLowOrder(this.solver, panels)) return 0;
    return this.parameters.reduce((sum, shape) => sum + stateBytes(shape, 'gram', 0), 0);
  }

  /** Takes the memory for `count` more samples; they are added in the order of these calls. */
  admit(count: number): void {
    const growth = this.growth(count);
    this.#context.lease.require(growth);
    if (growth > 0) this.#takeLowOrder();
    this.#admitted += panelsOf(count);
  }

  /** Panels that have been added. */
  get panels(): number {
    return this.#panels;
  }

  /** Whether the rounding errors of the sums are kept. */
  get keepsLowOrder(): boolean {
    return this.#lowOrder !== undefined && this.#lowOrder.length === 0;
  }

  /** Makes a state without samples one of `samples`, whose arrays the caller fills. */
  async adopt(
    samples: number,
    panels: number,
    { lowOrder, centred }: { lowOrder: boolean; centred: boolean },
  ): Promise<void> {
    this.#isCentred = centred;
    this.samples = samples;
    this.#stored = samples;
    this.#panels = panels;
    this.#admitted = panels;
    if (!lowOrder) return;
    this.#takeLowOrder();
    await this.#keepLowOrder();
  }

  /** Adds a batch that was admitted. On failure or cancellation the state is no longer of use. */
  async add({ count, gradients }: SharedBatch): Promise<void> {
    if (this.#isCentred) await this.#setCentred(false);
    this.#panels += panelsOf(count);
    if (this.solver === 'gram') this.samples += count;
    if (needsLowOrder(this.solver, this.#panels)) await this.#keepLowOrder();
    const cost = (order: number): number => count * sampleCost(this.solver, order);
    const tasks = cutIntoTasks(this.spans(), cost).flatMap((task) =>
      this.#tile(task).map((jobs) => this.#addJobs(jobs, count, gradients)),
    );
    await this.#context.run('accumulate', tasks);
    this.#stored += count;
  }

  /** Gives the memory of the state back; it is of no further use. */
  release(): void {
    for (const { parameter: _, chunks, ...sums } of this.parts) {
      const arrays = chunks.flatMap(({ states, lowOrder, rows }) => [states, lowOrder, rows]);
      for (const array of [...arrays, ...Object.values(sums)]) this.#context.lease.release(array);
    }
  }

  /**
   * Brings what follows from the sums up to date, before anything is asked of F. Not while samples are
   * being added.
   */
  async settle(): Promise<void> {
    const { scale, centred } = this.form;
    if (isPlain(this.form) && !this.#isCentred) return;
    for (const { gradientSum, squareSum, scaledSum, diagonalSum } of this.parts) {
      await inPieces(gradientSum.length, (begin, end) => {
        for (let c = begin; scale !== 1 && c < end; c++) scaledSum[c] = gradientSum[c] / scale;
        for (let c = begin; centred && c < end; c++) {
          diagonalSum[c] = Math.max(0, squareSum[c] - gradientSum[c] ** 2 / this.samples);
        }
      });
    }
    if (centred !== this.#isCentred) await this.#setCentred(centred);
  }

  /** Adds the share of a mean to S, or takes it out of it: that of `count` samples with these sums. */
  async shiftMean(sums: readonly Float64Array[], count: number, sign: 1 | -1): Promise<void> {
    const tasks = cutIntoTasks(this.spans(), (order) => order * (order + 1)).map((task) =>
      task.map((span): LabelledJob<'centre'> => {
        const gradientSum = sums[span.index];
        const job = { ...this.range(span, 0), gradientSum, count, sign };
        return { parameter: span.parameter.name, job };
      }),
    );
    await this.#context.run('centre', tasks);
  }

  async #setCentred(centred: boolean): Promise<void> {
    const sums = this.parts.map(({ gradientSum }) => gradientSum);
    await this.shiftMean(sums, this.samples, centred ? 1 : -1);
    this.#isCentred = centred;
  }

  /** All blocks, chunk by chunk. */
  spans(): Span[] {
    return this.parts.flatMap(({ parameter, chunks }, index) =>
      chunks.map((chunk) => ({
        parameter,
        index,
        chunk,
        from: chunk.firstBlock,
        to: chunk.endBlock,
      })),
    );
  }

  /** The fields of a job that say which blocks it is about and where their state is. */
  range({ parameter, index, from, to, chunk }: Span, damping: Lambda): StateRange {
    if (chunk === undefined) throw new TypeError('a span of the state has a chunk');
    return {
      starts: parameter.starts,
      from,
      to,
      control: this.#context.control,
      solver: this.solver,
      states: chunk.states,
      firstBlock: chunk.firstBlock,
      stride: stride(parameter),
      samples: this.divisor,
      damping: lambdaOf(damping, index),
      rows: chunk.rows,
      blockOrder: parameter.blockOrder,
    };
  }

  /** Large blocks of gram become one task per tile of rows; everything else stays as it is. */
  #tile(task: Span[]): { span: Span; rowFrom: number; rowTo: number }[][] {
    const [span] = task;
    const { blockOrder, starts } = span.parameter;
    if (this.solver !== 'gram' || blockOrder < TILED_ORDER) {
      return [task.map((one) => ({ span: one, rowFrom: 0, rowTo: 0 }))];
    }
    return task.flatMap((one) => {
      const tiles = [];
      for (let block = one.from; block < one.to; block++) {
        const order = starts[block + 1] - starts[block];
        for (let rowFrom = 0; rowFrom < order; rowFrom += TILE_ROWS) {
          const rowTo = Math.min(rowFrom + TILE_ROWS, order);
          tiles.push([{ span: { ...one, from: block, to: block + 1 }, rowFrom, rowTo }]);
        }
      }
      return tiles;
    });
  }

  #addJobs(
    tiles: readonly { span: Span; rowFrom: number; rowTo: number }[],
    count: number,
    gradients: readonly SharedGradients[],
  ): LabelledJob<'accumulate'>[] {
    return tiles.map(({ span, rowFrom, rowTo }) => {
      const { gradientSum, squareSum } = this.parts[span.index];
      const job: KernelJob<'accumulate'> = {
        ...this.range(span, this.damping ?? 0),
        ...asLaidOut(span.parameter, gradients[span.index]),
        count,
        order: span.parameter.order,
        mask: span.parameter.mask,
        gradientSum,
        squareSum,
        lowOrder: span.chunk?.lowOrder ?? NOTHING,
        rowFrom,
        rowTo,
        stored: this.#stored,
      };
      return { parameter: span.parameter.name, job };
    });
  }

  #takeLowOrder(): void {
    this.#lowOrder = this.parts.flatMap(({ chunks }) =>
      chunks.map(({ states }) => this.#context.lease.float64(states.length)),
    );
  }

  async #keepLowOrder(): Promise<void> {
    const admitted = this.#lowOrder?.splice(0) ?? [];
    if (admitted.length === 0) return;
    const chunks = this.parts.flatMap((part) => part.chunks);
    for (const [i, array] of admitted.entries()) chunks[i].lowOrder = array;
    await this.#clear((chunk) => chunk.lowOrder);
  }

  async #clear(of: (chunk: StateChunk) => Float64Array): Promise<void> {
    const tasks = cutIntoTasks(
      this.spans(),
      (order) => bytesOfBlock('gram', order, 0),
      tasksOfBytes,
    ).map((task) =>
      task.map((span): LabelledJob<'initialise'> => {
        const range = this.range(span, this.damping ?? 0);
        const states = span.chunk === undefined ? NOTHING : of(span.chunk);
        return { parameter: span.parameter.name, job: { ...range, states } };
      }),
    );
    await this.#context.run('initialise', tasks);
  }
}

/** The engines call `deltas` what goes with the outermost axis of the blocks. */
export function asLaidOut(
  { transposed }: BlockedParameter,
  arrays: SharedGradients,
): SharedGradients {
  if (!transposed || 'gradients' in arrays) return arrays;
  return { inputs: arrays.deltas, deltas: arrays.inputs };
}

/** Flops, or bytes moved, for one sample of a block. */
function sampleCost(solver: SolverName, order: number): number {
  return solver === 'dual' ? 16 * order : accumulateFlops(solver, order);
}

function allocate(
  parameter: BlockedParameter,
  solver: SolverName,
  samples: number,
  form: FisherForm,
  lease: Lease,
): ParameterState {
  const chunks = chunkShapes(parameter, solver, samples).map(
    ({ firstBlock, endBlock, length }): StateChunk => ({
      firstBlock,
      endBlock,
      states: solver === 'dual' ? NOTHING : lease.float64(length),
      lowOrder: NOTHING,
      rows: solver === 'dual' ? lease.float32(length) : NO_ROWS,
    }),
  );
  const sums = lease.arrays(sumArrays(parameter));
  const derived: Partial<ParameterState> = lease.arrays(derivedArrays(parameter, form));
  const { scaledSum = sums.gradientSum, diagonalSum = sums.squareSum } = derived;
  return { parameter, chunks, ...sums, scaledSum, diagonalSum };
}

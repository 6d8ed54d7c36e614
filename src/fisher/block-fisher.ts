import { type ChosenEngine, chooseEngine, type EngineOption } from '../engine/engine.js';
import { optionError, WoodFisherError } from '../errors.js';
import {
  type ParsedPattern,
  type Pattern,
  type PatternAxis,
  parsePattern,
} from '../groups/pattern.js';
import { memoryBudget } from '../memory/budget.js';
import {
  checkBlockSize,
  checkDamping,
  checkGradientBatch,
  checkSamples,
  DEFAULTS,
} from '../options.js';
import type { GradientBatch, Parameter } from '../parameters.js';
import { fitRun } from '../plan/require-memory.js';
import { RunContext } from '../pool/run-context.js';
import { checkThreads } from '../pool/threads.js';
import type { ChosenSolver, SolverOption } from '../solvers/choose.js';
import { BlockInverse } from './block-inverse.js';
import { isPrunable } from './block-shape.js';
import { blockParameters } from './blocked-parameter.js';
import { FisherState } from './fisher-state.js';
import { type AcceptedBatch, SampleStream } from './sample-stream.js';

/** Options of {@link BlockFisher.create}. */
export interface BlockFisherOptions {
  /** All parameters of the model; those that are not prunable are passed over. */
  parameters: readonly Parameter[];
  /** Weights per block at most, 1 … 32767. Default 100. */
  blockSize?: number;
  /** What `BlockInverse.select` prunes as one; blocks are cut so that groups lie in one. Default `unstructured`. */
  pattern?: Pattern;
  /** Along which axis the groups of `1xk` and `n:m` lie. Default `in`. */
  patternAxis?: PatternAxis;
  /** Declares that weights of the prunable parameters which are 0 have been pruned. Default false. */
  zerosArePruned?: boolean;
  /** How the inverse is made. Default `auto`. */
  solver?: SolverOption;
  /** How many samples will come. Needed by solver `woodbury`; any other count is then an error. */
  samples?: number;
  /** λ > 0, needed by solver `woodbury` beforehand; the default of {@link BlockFisher.invert}. Default 1e-5. */
  damping?: number;
  /** Default `auto`: native where a binary is there, else javascript. */
  engine?: EngineOption;
  /** Tasks that run at once. Default: the processors that are available. */
  threads?: number;
  /**
   * Bytes, or words such as '2GiB', that this Fisher may take at most, its inverses and the scratch of
   * the kernels included, beside about 60 MB of Node.js and 10 MB a thread. What needs more is refused
   * before it is allocated; `auto` takes another solver where that helps. Default: what the machine or
   * the container has.
   */
  memoryLimit?: number | string;
  /** Samples that a batch has at most, where known: two such batches are counted beforehand. */
  gradientBatch?: number;
  /** Ends everything that is under way; the state is then of no further use. */
  signal?: AbortSignal;
}

/**
 * The block-wise empirical Fisher F = λI + (1/N) Σ g gᵀ of a model, built from gradient samples as
 * they come (Singh & Alistarh, NeurIPS 2020, arXiv:2004.14340, section 3).
 *
 * @example
 * const fisher = await BlockFisher.create({ parameters });
 * for await (const batch of gradients) await fisher.add(batch);
 * const inverse = await fisher.invert({ damping: 1e-5 });
 * const { 'fc1.weight': d } = await inverse.diagonal();
 * await fisher.dispose();
 */
export class BlockFisher {
  readonly solver: ChosenSolver;
  readonly engine: ChosenEngine;
  readonly blockSize: number;
  readonly #context: RunContext;
  readonly #state: FisherState;
  readonly #stream: SampleStream;
  readonly #damping: number;
  readonly #pattern: ParsedPattern;

  private constructor(
    context: RunContext,
    state: FisherState,
    stream: SampleStream,
    chosen: {
      solver: ChosenSolver;
      blockSize: number;
      damping: number;
      pattern: ParsedPattern;
    },
  ) {
    this.#context = context;
    this.#state = state;
    this.#stream = stream;
    this.solver = chosen.solver;
    this.engine = context.engine;
    this.blockSize = chosen.blockSize;
    this.#damping = chosen.damping;
    this.#pattern = chosen.pattern;
  }

  /**
   * Validates, allocates and starts with no samples.
   * @throws {WoodFisherError} for options, shapes and weights that are refused, or a missing engine.
   */
  static async create(options: BlockFisherOptions): Promise<BlockFisher> {
    const blockSize = checkBlockSize(options.blockSize);
    const pattern = parsePattern(options.pattern, options.patternAxis);
    const layout = { blockSize, pattern, zerosArePruned: options.zerosArePruned };
    const samples = checkSamples(options.samples);
    const damping = checkDamping(options.damping);
    const threads = checkThreads(options.threads);
    const budget = memoryBudget(options.memoryLimit);
    const gradientBatch = checkGradientBatch(options.gradientBatch);
    const { signal, parameters: all, solver: asked = DEFAULTS.solver } = options;
    const engine = chooseEngine(options.engine);
    const run = fitRun(
      {
        ...{ run: 'fisher', parameters: all, solver: asked, samples, threads, ...layout },
        ...{ damping: options.damping, gradientBatch, inPlace: false, sparsity: 0 },
        ...{ criterion: DEFAULTS.criterion, update: DEFAULTS.update },
      },
      budget,
    );
    const { solver } = run.plan;
    if (solver === undefined) throw new TypeError('a Fisher has a solver');
    const context = new RunContext(engine, threads, { signal, memory: run.arrayLimit });
    try {
      const parameters = await blockParameters(all, layout, context.lease);
      const state = await FisherState.create(context, solver.name, parameters, {
        samples,
        damping,
      });
      const others = all.filter((p) => !isPrunable(p)).map(({ name }) => name);
      const stream = new SampleStream(context, state, {
        declared: samples,
        others,
        afterSamples: run.memory.afterSamples,
      });
      return new BlockFisher(context, state, stream, { solver, blockSize, damping, pattern });
    } catch (error) {
      await context.dispose();
      throw error;
    }
  }

  /** Samples accepted so far. */
  get samples(): number {
    return this.#stream.accepted;
  }

  /** Most bytes of shared memory in use at one time. */
  get peakBytes(): number {
    return this.#context.lease.peakBytes;
  }

  /**
   * Adds gradient samples. Resolves when the batch is accepted: it was checked, and what was not on
   * a SharedArrayBuffer has been copied and is the caller's again. Arrays on a SharedArrayBuffer are
   * borrowed until `released` settles. While two batches are under way, waits for the older one.
   * A batch that is refused changes nothing: the next one may be added.
   */
  add(batch: GradientBatch): Promise<AcceptedBatch> {
    return this.#stream.add(batch);
  }

  /**
   * Lends recycled shared memory for a batch of `count` samples, one array a parameter, for callers
   * who want no copy: fill it and pass it to {@link add}, which takes it back.
   */
  nextBuffer(count: number): Record<string, Float32Array> {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw optionError('count', 'a whole number of at least 1', count);
    }
    return this.#stream.lend(count);
  }

  /**
   * The inverse for the samples so far and a damping λ; with solver gram as often as wanted. It is a
   * view of this Fisher: samples added afterwards make it unusable, `dispose` too.
   * @throws {WoodFisherError} without samples; when their number is not the declared one; when solver
   * woodbury was made for another λ; when a block is not positive definite in float64.
   */
  async invert({ damping }: { damping?: number } = {}): Promise<BlockInverse> {
    const lambda = damping === undefined ? this.#damping : checkDamping(damping);
    const samples = await this.#stream.complete();
    if (this.solver.name === 'woodbury' && lambda !== this.#damping) {
      throw new WoodFisherError(
        'ERR_WOODFISHER_OPTION',
        `solver "woodbury" was made for damping ${this.#damping} and cannot be inverted for ${lambda}; use solver "gram" for several dampings`,
        { option: 'damping', value: lambda },
      );
    }
    return await BlockInverse.create(this.#context, this.#state, lambda, this.#pattern, () => {
      this.#stream.throwIfUnusable();
      if (this.samples === samples) return;
      throw new WoodFisherError(
        'ERR_WOODFISHER_STATE',
        `this inverse is of ${samples} samples, but the Fisher has ${this.samples} by now; invert again`,
      );
    });
  }

  /** Stops what is under way and gives the memory back. */
  async dispose(): Promise<void> {
    await this.#context.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

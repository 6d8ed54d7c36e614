import { BlockInverse } from './block-inverse.js';
import { blockParameters } from './blocks/block-parameters.js';
import { isPrunable } from './blocks/block-shape.js';
import { checkBlocks } from './blocks/check-blocks.js';
import {
  type ParsedPattern,
  type Pattern,
  type PatternAxis,
  parsePattern,
} from './blocks/pattern.js';
import { shapesOfSurvivors } from './blocks/survivors.js';
import { type ChosenEngine, chooseEngine, type EngineOption } from './engine/engine.js';
import type { UpdateRule } from './engine/kernels.js';
import { WoodFisherError } from './errors.js';
import { LiveSource } from './fisher/file/live-source.js';
import { saveState } from './fisher/file/save.js';
import { withSources } from './fisher/file/with-sources.js';
import { FisherState } from './fisher/fisher-state.js';
import { type AcceptedBatch, SampleStream } from './fisher/sample-stream.js';
import { memoryBudget } from './memory/budget.js';
import {
  type BlockLayout,
  checkBlockSize,
  checkChoice,
  checkDamping,
  checkGradientBatch,
  checkSamples,
  checkWhole,
  type Damping,
  DEFAULTS,
  describeDamping,
} from './options.js';
import type { GradientBatch, Parameter } from './parameters.js';
import { fitRun } from './plan/require-memory.js';
import { RunContext } from './pool/run-context.js';
import { checkThreads } from './pool/threads.js';
import { restoreFisher } from './restore-fisher.js';
import { type BudgetOptions, checkBudgets } from './selection/budgets.js';
import { checkGoal } from './selection/check-goal.js';
import type { ChosenSolver, SolverOption } from './solvers/choose.js';
import { checkForm, type FisherFormOptions } from './solvers/form.js';
import { checkDampings, type SweptDamping, sweepDampings } from './steps/damping-sweep.js';
import { UPDATE_RULES } from './updates/apply.js';

/** Options of {@link BlockFisher.create}. */
export interface BlockFisherOptions extends FisherFormOptions {
  /** All parameters of the model; those that are not prunable are passed over. */
  parameters: readonly Parameter[];
  /** Weights per block at most, 1 … 32767. Default 100. */
  blockSize?: number;
  /**
   * `compact`: blocks are runs of the weights that are still there, not of all weights. Default `parameter`.
   */
  blocks?: BlockLayout;
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
  /**
   * λ, absolute or relative to the gradients; the default of {@link BlockFisher.invert}. Solver
   * `woodbury` needs it beforehand, and absolute. Default 1e-5.
   */
  damping?: Damping;
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

/** The state of a Fisher, to be read by what is not part of it. */
export let sourceOf: (fisher: BlockFisher) => Promise<LiveSource>;

/** Options of {@link BlockFisher.dampingSweep}. */
export interface DampingSweepOptions extends BudgetOptions {
  dampings: readonly Damping[];
  /** Default `joint`. */
  update?: UpdateRule;
}

/**
 * Options of {@link BlockFisher.load} and {@link BlockFisher.merge}; as those of `create`. `pattern`,
 * `fisherScale` and `centred` default to what the first state had; another pattern must cut the same blocks.
 */
export type LoadFisherOptions = Pick<
  BlockFisherOptions,
  | 'damping'
  | 'engine'
  | 'threads'
  | 'memoryLimit'
  | 'gradientBatch'
  | 'pattern'
  | 'patternAxis'
  | 'fisherScale'
  | 'centred'
  | 'signal'
>;

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
  static {
    sourceOf = (fisher) => fisher.#source();
  }

  readonly solver: ChosenSolver;
  readonly engine: ChosenEngine;
  readonly blockSize: number;
  readonly blocks: BlockLayout;
  readonly #context: RunContext;
  readonly #state: FisherState;
  readonly #stream: SampleStream;
  readonly #damping: Damping;
  readonly #pattern: ParsedPattern;
  readonly #others: readonly string[];

  private constructor(
    context: RunContext,
    state: FisherState,
    stream: SampleStream,
    chosen: {
      solver: ChosenSolver;
      blockSize: number;
      blocks: BlockLayout;
      damping: Damping;
      pattern: ParsedPattern;
      others: readonly string[];
    },
  ) {
    this.#context = context;
    this.#state = state;
    this.#stream = stream;
    this.solver = chosen.solver;
    this.engine = context.engine;
    this.blockSize = chosen.blockSize;
    this.blocks = chosen.blocks;
    this.#damping = chosen.damping;
    this.#pattern = chosen.pattern;
    this.#others = chosen.others;
  }

  /**
   * Validates, allocates and starts with no samples.
   * @throws {WoodFisherError} for options, shapes and weights that are refused, or a missing engine.
   */
  static async create(options: BlockFisherOptions): Promise<BlockFisher> {
    const blockSize = checkBlockSize(options.blockSize);
    const { blocks, pattern } = checkBlocks(
      options.blocks,
      parsePattern(options.pattern, options.patternAxis),
    );
    const { zerosArePruned = false } = options;
    const layout = { blockSize, blocks, pattern, zerosArePruned };
    const samples = checkSamples(options.samples);
    const damping = checkDamping(options.damping);
    const threads = checkThreads(options.threads);
    const budget = memoryBudget(options.memoryLimit);
    const gradientBatch = checkGradientBatch(options.gradientBatch);
    const form = checkForm(options);
    const { signal, parameters: all, solver: asked = DEFAULTS.solver } = options;
    const engine = chooseEngine(options.engine);
    const shapes = blocks === 'compact' ? await shapesOfSurvivors(all, zerosArePruned) : all;
    const run = fitRun(
      {
        ...{ run: 'fisher', parameters: shapes, solver: asked, samples, threads, ...layout },
        ...{ form, damping: options.damping, gradientBatch, inPlace: false, sparsity: 0 },
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
        ...{ samples, form },
        damping: typeof damping === 'number' ? damping : undefined,
      });
      const others = all.filter((p) => !isPrunable(p)).map(({ name }) => name);
      const stream = new SampleStream(context, state, {
        declared: samples,
        others,
        afterSamples: run.memory.afterSamples,
      });
      const chosen = { solver, blockSize, blocks, damping, pattern, others };
      return new BlockFisher(context, state, stream, chosen);
    } catch (error) {
      await context.dispose();
      throw error;
    }
  }

  /**
   * A Fisher out of a file that {@link save} has written, on any machine. It takes no gradients again:
   * with solver gram it serves every damping, sparsity and criterion, and further samples may be added.
   *
   * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT` for a file of another kind, or a damaged one.
   */
  static load(file: string, options: LoadFisherOptions = {}): Promise<BlockFisher> {
    return BlockFisher.merge([file], options);
  }

  /**
   * One Fisher of the samples of several, each in memory or a file: that of N₁ and that of N₂ samples
   * give that of N₁ + N₂, to rounding. They must be of the same model at the same weights. The sources
   * stay as they are. Solver gram adds its sums; dual puts the samples together while they are fewer
   * than a block has weights; woodbury cannot be merged.
   *
   * @throws {WoodFisherError} `ERR_WOODFISHER_STATE`, naming what differs or why it cannot be.
   * @example
   * await using fisher = await BlockFisher.merge(['part-1.fisher', 'part-2.fisher']);
   */
  static async merge(
    sources: readonly (string | BlockFisher)[],
    options: LoadFisherOptions = {},
  ): Promise<BlockFisher> {
    const { damping } = options;
    return await withSources(sources, sourceOf, async (opened) => {
      const { context, state, stream, ...chosen } = await restoreFisher(opened, options);
      return new BlockFisher(context, state, stream, {
        ...chosen,
        damping: state.damping ?? checkDamping(damping),
      });
    });
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
    return this.#stream.lend(checkWhole('count', count));
  }

  /**
   * The inverse for the samples so far and a damping λ; with solver gram as often as wanted. It is a
   * view of this Fisher: samples added afterwards make it unusable, `dispose` too.
   * @throws {WoodFisherError} without samples; when their number is not the declared one; when solver
   * woodbury was made for another λ; when a block is not positive definite in float64.
   */
  async invert({ damping }: { damping?: Damping } = {}): Promise<BlockInverse> {
    const lambda = damping === undefined ? this.#damping : checkDamping(damping);
    const samples = await this.#stream.complete();
    if (this.solver.name === 'woodbury' && lambda !== this.#damping) {
      throw new WoodFisherError(
        'ERR_WOODFISHER_OPTION',
        `solver "woodbury" was made for damping ${this.#damping} and cannot be inverted for ${describeDamping(lambda)}; use solver "gram" for several dampings`,
        { option: 'damping', value: lambda },
      );
    }
    return await BlockInverse.create(this.#context, this.#state, lambda, this.#pattern, () => {
      this.#requireSamples(samples, 'this inverse', 'invert again');
    });
  }

  /**
   * What pruning with each of several dampings would do, from this one state: its predicted loss
   * change, and how many of the pruned weights are those that the first damping prunes. By criterion
   * woodfisher; one inverse is there at a time.
   *
   * @throws {WoodFisherError} as {@link invert}; for an empty list; for solver woodbury.
   * @example
   * const table = await fisher.dampingSweep({ dampings: [1e-5, 1e-6, { relative: 0.01 }], sparsity: 0.9 });
   */
  async dampingSweep(options: DampingSweepOptions): Promise<SweptDamping[]> {
    const dampings = checkDampings(options.dampings, this.solver.name);
    const pattern = this.#pattern;
    const budgets = checkBudgets(options, pattern);
    const update = checkChoice('update', UPDATE_RULES, options.update, DEFAULTS.update);
    await this.#stream.complete();
    const weights = this.#state.parameters.map((parameter) => parameter.weights);
    checkGoal(budgets, this.#state.parameters);
    const settings = { dampings, pattern, budgets, update };
    return await sweepDampings(this.#context, this.#state, weights, settings);
  }

  /**
   * Writes the state of the samples so far into a safetensors file (docs/formats.md), with the weights
   * it was made for. The file appears, or replaces the one that is there, when all of it is written.
   * No samples may be added meanwhile.
   *
   * @throws {WoodFisherError} as {@link invert} for the samples; `ERR_WOODFISHER_OUTPUT` when the file
   *   cannot be written.
   */
  async save(file: string): Promise<void> {
    await saveState(await this.#source(), file);
  }

  async #source(): Promise<LiveSource> {
    const samples = await this.#stream.complete();
    const check = (): void => this.#requireSamples(samples, 'what is saved', 'save again');
    const { blockSize, blocks } = this;
    const settings = { blockSize, blocks, pattern: this.#pattern, others: this.#others };
    return new LiveSource(this.#state, settings, check);
  }

  #requireSamples(samples: number, what: string, remedy: string): void {
    this.#stream.throwIfUnusable();
    if (this.samples === samples) return;
    throw new WoodFisherError(
      'ERR_WOODFISHER_STATE',
      `${what} is of ${samples} samples, but the Fisher has ${this.samples} by now; ${remedy}`,
    );
  }

  /** Stops what is under way and gives the memory back. */
  async dispose(): Promise<void> {
    await this.#context.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

import { checkBlocks } from './blocks/check-blocks.js';
import {
  type ParsedPattern,
  type Pattern,
  type PatternAxis,
  parsePattern,
} from './blocks/pattern.js';
import { chooseEngine, type EngineOption } from './engine/engine.js';
import { combineStates } from './fisher/file/combine.js';
import { describedParameters, describedShapes } from './fisher/file/described-parameters.js';
import { patternOf } from './fisher/file/description.js';
import { requireMergeable } from './fisher/file/mergeable.js';
import { formOf } from './fisher/file/saved-settings.js';
import type { StateSource } from './fisher/file/state-source.js';
import type { FisherState } from './fisher/fisher-state.js';
import { SampleStream } from './fisher/sample-stream.js';
import { memoryBudget } from './memory/budget.js';
import { type BlockLayout, checkGradientBatch, DEFAULTS } from './options.js';
import { fitRun } from './plan/require-memory.js';
import { RunContext } from './pool/run-context.js';
import { checkThreads } from './pool/threads.js';
import type { ChosenSolver } from './solvers/choose.js';
import type { FisherScale } from './solvers/form.js';

/** What a Fisher out of saved states is made of. */
export interface RestoredFisher {
  context: RunContext;
  state: FisherState;
  stream: SampleStream;
  solver: ChosenSolver;
  blockSize: number;
  blocks: BlockLayout;
  pattern: ParsedPattern;
  others: readonly string[];
}

/** Puts the states of all sources together in a run of its own. See BlockFisher.merge. */
export async function restoreFisher(
  sources: readonly StateSource[],
  options: {
    engine?: EngineOption;
    threads?: number;
    memoryLimit?: number | string;
    gradientBatch?: number;
    pattern?: Pattern;
    patternAxis?: PatternAxis;
    fisherScale?: FisherScale;
    centred?: boolean;
    signal?: AbortSignal;
  },
): Promise<RestoredFisher> {
  const engine = chooseEngine(options.engine);
  const threads = checkThreads(options.threads);
  const gradientBatch = checkGradientBatch(options.gradientBatch);
  const budget = memoryBudget(options.memoryLimit);
  await requireMergeable(sources);
  const [first] = sources;
  const { blockSize, blocks, others, damping, solver: name } = first.description;
  const { pattern } = checkBlocks(
    blocks,
    options.pattern === undefined
      ? patternOf(first.description)
      : parsePattern(options.pattern, options.patternAxis),
  );
  const samples = sources.reduce((sum, { description }) => sum + description.samples, 0);
  const form = formOf(first, options);
  const run = fitRun(
    {
      ...{ run: 'fisher', parameters: await describedShapes(first), blockSize, blocks },
      ...{ solver: name, samples },
      ...{ form, threads, damping: damping ?? undefined, gradientBatch, pattern },
      ...{ inPlace: false, sparsity: 0 },
      ...{ criterion: DEFAULTS.criterion, update: DEFAULTS.update },
    },
    budget,
  );
  const { signal } = options;
  const context = new RunContext(engine, threads, { signal, memory: run.arrayLimit });
  try {
    const parameters = await describedParameters(first, pattern, context.lease);
    const state = await combineStates(context, parameters, sources, form);
    const stream = new SampleStream(context, state, {
      declared: name === 'gram' ? undefined : samples,
      accepted: samples,
      others,
      afterSamples: run.memory.afterSamples,
    });
    const solver = { name, reason: `that of ${first.name}` };
    return { context, state, stream, solver, blockSize, blocks, pattern, others };
  } catch (error) {
    await context.dispose();
    throw error;
  }
}

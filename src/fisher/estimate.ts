import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import type { Damping } from '../options.js';
import type { GradientBatch } from '../parameters.js';
import type { RunContext } from '../pool/run-context.js';
import type { PhaseClock } from '../progress/phase-clock.js';
import type { ProgressListener } from '../progress/progress.js';
import type { ChosenSolver } from '../solvers/choose.js';
import type { FisherForm } from '../solvers/form.js';
import { resolveDamping } from './damping.js';
import { FisherState } from './fisher-state.js';
import type { Lambda } from './lambda.js';
import { SampleStream } from './sample-stream.js';

/** The Fisher that a run has estimated. */
export interface EstimatedFisher {
  state: FisherState;
  solver: ChosenSolver;
  /** λ by parameter. */
  damping: Lambda;
  /** Values of gradients that had to be copied onto shared memory. */
  copiedValues: number;
  /** Whether it was estimated at other weights than those that are pruned. */
  otherWeights?: boolean;
}

/** What {@link estimateFisher} needs to know beside the parameters. */
export interface EstimateSettings {
  gradients: AsyncIterable<GradientBatch> | Iterable<GradientBatch>;
  samples: number | undefined;
  damping: Damping;
  form: FisherForm;
  solver: ChosenSolver;
  /** Parameters that are not pruned: their gradients may come along and are not read. */
  others: readonly string[];
  /** Bytes that the run needs beside its state when all samples are in. */
  afterSamples: number;
  onProgress?: ProgressListener;
}

/** Takes all gradient samples of a source in. */
export async function estimateFisher(
  context: RunContext,
  parameters: readonly BlockedParameter[],
  settings: EstimateSettings,
  clock: PhaseClock,
): Promise<EstimatedFisher> {
  const { samples, damping, form, solver, others, afterSamples, onProgress } = settings;
  const state = await FisherState.create(context, solver.name, parameters, {
    ...{ samples, form },
    damping: typeof damping === 'number' ? damping : undefined,
  });
  const stream = new SampleStream(context, state, {
    declared: samples,
    others,
    afterSamples,
    onSummed: (done) =>
      onProgress?.({ phase: 'accumulate', done, total: samples, unit: 'samples' }),
  });
  await takeSamples(stream, settings.gradients, clock);
  return {
    state,
    solver,
    damping: await resolveDamping(state, damping),
    copiedValues: stream.copiedValues,
  };
}

/** Adds all batches of a source to a stream. */
export async function takeSamples(
  stream: SampleStream,
  gradients: EstimateSettings['gradients'],
  clock: PhaseClock,
): Promise<void> {
  const batches = iterate(gradients);
  try {
    for (;;) {
      const next = await clock.time('read', async () => await batches.next());
      if (next.done) break;
      await clock.time('accumulate', async () => {
        const { released } = await stream.add(next.value);
        // The source may use shared memory again as soon as it is asked for the next batch.
        if (onSharedMemory(next.value)) await released;
      });
    }
    await clock.time('accumulate', () => stream.complete());
  } catch (error) {
    await batches.return?.();
    throw error;
  }
}

function iterate(
  gradients: AsyncIterable<GradientBatch> | Iterable<GradientBatch>,
): AsyncIterator<GradientBatch> | Iterator<GradientBatch> {
  return Symbol.asyncIterator in gradients
    ? gradients[Symbol.asyncIterator]()
    : gradients[Symbol.iterator]();
}

function onSharedMemory(batch: GradientBatch): boolean {
  return Object.values(batch)
    .flatMap((given) => (given instanceof Float32Array ? [given] : [given.inputs, given.deltas]))
    .some((array) => array?.buffer instanceof SharedArrayBuffer);
}

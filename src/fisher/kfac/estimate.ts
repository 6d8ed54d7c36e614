import type { BlockedParameter } from '../../blocks/blocked-parameter.js';
import type { RunContext } from '../../pool/run-context.js';
import type { PhaseClock } from '../../progress/phase-clock.js';
import { type EstimatedFisher, type EstimateSettings, takeSamples } from '../estimate.js';
import { SampleStream } from '../sample-stream.js';
import { FactorSums } from './factor-sums.js';
import { kroneckerState } from './materialise.js';

/** Takes all factored gradient samples of a source in, for criterion kfac. */
export async function estimateKfac(
  context: RunContext,
  parameters: readonly BlockedParameter[],
  settings: Omit<EstimateSettings, 'form'>,
  clock: PhaseClock,
): Promise<EstimatedFisher> {
  const { samples, damping, solver, others, afterSamples, onProgress } = settings;
  const sums = await FactorSums.create(context, parameters);
  const stream = new SampleStream(context, sums, {
    ...{ declared: samples, others, afterSamples, factorsOnly: true },
    onSummed: (done) =>
      onProgress?.({ phase: 'accumulate', done, total: samples, unit: 'samples' }),
  });
  await takeSamples(stream, settings.gradients, clock);
  const estimated = await clock.time('invert', () => kroneckerState(context, sums, damping));
  sums.release();
  return { ...estimated, solver, copiedValues: stream.copiedValues };
}

import type { GradientBatch } from '../../parameters.js';
import { perExampleFactors } from '../gradients.js';
import { meanGradients } from '../mean-gradients.js';
import type { FactorOptions } from '../options.js';
import type { LayersModel, TensorFlow } from '../tensorflow.js';
import type { DrawnExamples } from './draw.js';
import { inputTensor, labelTensor, pick } from './examples.js';

/** How gradients of drawn examples are taken. */
export interface DrawnGradientOptions extends Pick<FactorOptions, 'loss' | 'fisher' | 'signal'> {
  /** m, the examples whose mean loss a sample is the gradient of. */
  examplesPerSample: number;
  /** Samples in a batch at most; examples in a pass at most. */
  gradientBatch: number;
  seed: number;
  /** Whether sums over places come as their factors. */
  positions: boolean;
}

/** Gradient samples of drawn examples, a batch at a time, at the weights the model has then. */
export async function* gradientsOf(
  tf: TensorFlow,
  model: LayersModel,
  { examples, indices }: DrawnExamples,
  {
    examplesPerSample: m,
    gradientBatch,
    seed,
    loss,
    fisher,
    signal,
    positions,
  }: DrawnGradientOptions,
): AsyncGenerator<GradientBatch, void, undefined> {
  const samplesPerBatch = Math.max(1, Math.floor(gradientBatch / m));
  const step = samplesPerBatch * m;
  for (let start = 0; start < indices.length; start += step) {
    const batch = pick(examples, indices.subarray(start, start + step));
    const labels = labelTensor(tf, batch);
    const inputs = inputTensor(tf, batch);
    const drawn = fisher === 'true' ? { fisher, seed: seed + start } : {};
    const options = { tf, loss, batchSize: gradientBatch, signal, ...drawn };
    try {
      yield* m === 1
        ? perExampleFactors(model, inputs, labels, { ...options, positions })
        : meanGradients(model, inputs, labels, {
            ...options,
            examplesPerSample: m,
            samplesPerBatch,
          });
    } finally {
      inputs.dispose();
      labels.dispose();
    }
  }
}

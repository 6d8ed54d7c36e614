import { sizeOf } from '../blocks/block-shape.js';
import type { FactoredGradients } from '../parameters.js';
import type { Labels } from './labels.js';
import type { FactorOptions } from './options.js';
import { outerProducts } from './outer-products.js';
import { type Pace, pacer } from './pace.js';
import { gradientPasses, type ParameterGradients } from './passes.js';
import type { LayersModel, Tensor } from './tensorflow.js';

export interface GradientOptions extends FactorOptions {
  /** Whether gradients of what is not prunable (biases, normalization) are given too. Default false. */
  biases?: boolean;
}

export interface FactoredGradientOptions extends GradientOptions {
  /**
   * Whether kernels that are used at several places of an example (convolutions, Dense on sequences,
   * recurrent kernels) come as factors too: `{ inputs: [k, positions, in], deltas: [k, positions, out],
   * positions }`, which criterion `kfac` takes, and no other. Default false.
   */
  positions?: boolean;
}

/**
 * Per-example gradients of the loss by every kernel of a model, a batch at a time.
 *
 * The model has one input and one output, and any layers in between: most pass in batches, custom
 * ones one example at a time ({@link gradientModes} tells; docs/tfjs.md has the list). Normalization
 * and dropout are as at inference. The loss is the data's alone: regularizers of the layers are not
 * part of it.
 *
 * One forward and one backward pass serve a whole batch (see {@link perExampleFactors}); the products
 * are written here, in pieces of about 8 ms between which the event loop runs. A batch takes
 * 4 · batchSize · (number of weights) bytes.
 *
 * When the model ends in a softmax and the loss is a categorical cross-entropy (or in a sigmoid,
 * and it is the binary one), the loss starts from the logits and is not clipped: examples that the
 * model is sure of keep accurate gradients.
 *
 * @param model A built `tf.LayersModel`; its weights are read anew for each batch.
 * @param inputs [n, ...inputShape]: a tensor, or a row-major Float32Array; a tensor where the model leaves
 *   sizes open.
 * @param labels For the categorical losses n class indices, or rows [n, classes] (one-hot or
 *   probabilities); for the other named losses targets [n, ...outputs]; for a function whatever it
 *   takes, n along the first axis (Int32Array and Uint8Array arrive as an int32 tensor [k],
 *   number[] and Float32Array as a float32 one). Arrays are row-major.
 *   Not read, and may be undefined, with `fisher: 'true'`.
 * @param options.loss A name, or a function `(labels, predictions) => losses [k]`. Default: the
 *   loss the model was compiled with.
 * @yields For each prunable parameter its gradients [k, ...shape], under the name
 *   {@link modelParameters} gives it; k is `batchSize`, in the last batch what is left. The arrays
 *   are the consumer's.
 * @throws {WoodFisherError} `ERR_WOODFISHER_MODEL` for a model that has no gradients (naming the
 *   layer), a model without a loss, or TensorFlow.js missing; `ERR_WOODFISHER_OPTION` for an option,
 *   inputs or labels that do not fit. An aborted `signal` throws its reason.
 * @example
 * for await (const gradients of perExampleGradients(model, images, labels)) {
 *   gradients['dense_1/kernel']; // Float32Array [k, in, out]
 * }
 */
export async function* perExampleGradients(
  model: LayersModel,
  inputs: Tensor | Float32Array,
  labels: Labels | undefined,
  options: GradientOptions = {},
): AsyncGenerator<Record<string, Float32Array>, void, undefined> {
  const { biases = false, signal } = options;
  const pace = pacer({ signal });
  for await (const pass of gradientPasses(model, inputs, labels, options, biases)) {
    const batch: Record<string, Float32Array> = {};
    for (const parameter of pass.parameters) {
      batch[parameter.name] = await wholeGradients(parameter, pass.examples, pace);
    }
    yield batch;
  }
}

/**
 * The same gradients as the factors they are products of, which `prune` and `BlockFisher.add` take as
 * they are: for LeNet-300-100 and 1,000 examples 8 MB in place of 1 GB. With `positions` a convolution
 * has a row of kh · kw · in values for each of its windows.
 *
 * Takes the same arguments and throws the same errors as {@link perExampleGradients}.
 *
 * @yields For each kernel of a Dense layer on [batch, features] `{ inputs: [k, in], deltas: [k, out] }`,
 *   for each other prunable parameter its gradients [k, ...shape], under the name
 *   {@link modelParameters} gives it; with `biases` also the gradients of the others.
 */
export async function* perExampleFactors(
  model: LayersModel,
  inputs: Tensor | Float32Array,
  labels: Labels | undefined,
  options: FactoredGradientOptions = {},
): AsyncGenerator<Record<string, Float32Array | FactoredGradients>, void, undefined> {
  const { biases = false, positions = false, signal } = options;
  const pace = pacer({ signal });
  for await (const pass of gradientPasses(model, inputs, labels, options, biases)) {
    const batch: Record<string, Float32Array | FactoredGradients> = {};
    for (const parameter of pass.parameters) {
      batch[parameter.name] =
        parameter.factors ??
        (positions ? await parameter.placeFactors?.(pace) : undefined) ??
        (await wholeGradients(parameter, pass.examples, pace));
    }
    yield batch;
  }
}

/** The gradients of one parameter of k examples, [k, ...shape]. */
async function wholeGradients(
  { factors, shape, add }: ParameterGradients,
  k: number,
  pace: Pace,
): Promise<Float32Array> {
  if (factors) return outerProducts(factors, k, pace);
  const size = sizeOf(shape);
  const gradients = new Float32Array(k * size);
  const sum = new Float64Array(size);
  for (let n = 0; n < k; n++) {
    sum.fill(0);
    await add(n, sum, pace);
    gradients.set(sum, n * size);
    if (pace.due()) await pace.rest();
  }
  return gradients;
}

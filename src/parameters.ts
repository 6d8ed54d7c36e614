/**
 * A named weight tensor of the model.
 *
 * `data` is row-major in the model's own layout; results come back in that layout. Blocks are cut in
 * an order of their own, in which `outputAxis` is outermost, so that a block holds weights that feed
 * the same output: axis 0 for PyTorch ([out, in]), the last axis for TensorFlow.js and Flax
 * ([in, out], [h, w, in, out]).
 */
export interface Parameter {
  name: string;
  shape: readonly number[];
  /** Weights, finite; length is the product of `shape`. */
  data: Float32Array;
  /** Axis of the outputs (negative counts from the end). Default 0. */
  outputAxis?: number;
  /** Default: true for tensors of two or more axes; biases and normalisation (1-D) are left alone. */
  prunable?: boolean;
  /** 1 = kept, 0 = pruned before: such a weight is 0, stays 0, and leaves the Fisher. Model layout. */
  mask?: Uint8Array;
}

/**
 * k gradients of a Dense layer as the factors of outer products: the gradient of sample n for the
 * weight from input i to output o is inputs[n, i] · deltas[n, o]. The engines multiply them in cache,
 * so that k times the number of weights is never written anywhere.
 */
export interface FactoredGradients {
  /** What the layer got, [k, in], row-major. */
  inputs: Float32Array;
  /** Gradient of the loss by what the layer gave before its activation, [k, out], row-major. */
  deltas: Float32Array;
  /**
   * For convolutions, and criterion `kfac` alone: places that the kernel was applied at. `inputs` is then
   * [k, positions, in], the patch under the kernel at each of them (flattened as the weights of an output
   * are in the model's layout), and `deltas` [k, positions, out]. Default 1.
   */
  positions?: number;
}

/**
 * k gradient samples: for each prunable parameter an array [k, ...shape], row-major, the parameter's
 * own layout, or its factors (out: the length of its `outputAxis`, in: of the others together). k is
 * the same for all the parameters of a batch and may differ between batches.
 */
export type GradientBatch = Readonly<Record<string, Float32Array | FactoredGradients>>;

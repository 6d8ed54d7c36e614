import type { FactoredGradients } from '../parameters.js';
import type { LayerVariable } from './names.js';
import type { Pace } from './pace.js';
import type { Tensor, TensorFlow } from './tensorflow.js';

/**
 * How the gradients of a parameter are got.
 *
 * - `factors`: one outer product an example: Dense on [batch, features].
 * - `patches`: products of the windows of the input and the deltas, summed over positions: convolutions.
 * - `positions`: such products at the positions or times of an example: Dense on sequences, recurrent
 *   layers, normalization, biases.
 * - `rows`: the rows of an Embedding that an example looks up.
 * - `loop`: TensorFlow.js differentiates, one example at a time.
 */
export type GradientMode = 'factors' | 'patches' | 'positions' | 'rows' | 'loop';

/** The gradients of one parameter of the examples of a pass. */
export interface ExampleGradients {
  /** Adds that of example n to `sum`, in the parameter's own layout. */
  add(n: number, sum: Float64Array, pace: Pace): Promise<void> | void;
  /** The same as factors of outer products, where each example has one. */
  factors?: FactoredGradients;
  /** The same as factors at several places of an example, where they are sums of outer products. */
  placeFactors?(pace: Pace): Promise<FactoredGradients> | FactoredGradients;
}

/** Makes gradients from the deltas [k, …] and from what was kept of the forward pass, [k, …] each. */
export type GradientMaker = (deltas: Float32Array, ...kept: Float32Array[]) => ExampleGradients;

/** One forward and backward pass over k examples, as a step sees it. */
export interface Pass {
  tf: TensorFlow;
  /**
   * Gives y back, and has the gradient of the loss by it, the deltas, sent to the makers.
   *
   * @param kept Tensors that the makers need; read when the forward pass ends, so that a step may
   *   add to them.
   * @param makers By parameter name; a step names the parameters that it has alone.
   */
  tap(y: Tensor, kept: readonly Tensor[], makers: Readonly<Record<string, GradientMaker>>): Tensor;
}

/** What a layer, or a part of one, does to a batch. */
export interface LayerStep {
  /** `softmax` (over the last axis) and `sigmoid` count: losses can start from their logits. */
  name: string;
  run(pass: Pass, ...inputs: Tensor[]): Tensor;
  /** How the gradients are got, by parameter name. */
  modes?: Readonly<Record<string, GradientMode>>;
  /** Set where nothing is known of the step: examples then pass one at a time. */
  opaque?: { variables: ReadonlyMap<string, LayerVariable> };
}

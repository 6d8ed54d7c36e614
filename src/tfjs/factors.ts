import { optionError } from '../errors.js';
import { chainOf, type DenseStep } from './chain.js';
import { inputSource } from './examples.js';
import { type Labels, labelSource } from './labels.js';
import { type LossFunction, type LossName, type Objective, objectiveOf } from './objective.js';
import { Random } from './random.js';
import {
  assertLayersModel,
  type LayersModel,
  loadTensorFlow,
  type Tensor,
  type TensorFlow,
} from './tensorflow.js';

export interface FactorOptions {
  /** Default: the loss the model was compiled with. */
  loss?: LossName | LossFunction;
  /** Examples in one batch. Default 128. */
  batchSize?: number;
  /** The build of TensorFlow.js the model comes from. Default: `@tensorflow/tfjs`. */
  tf?: TensorFlow;
  /**
   * `empirical`: gradients of the loss of the labels given. `true`: of labels drawn from the model's own
   * output distribution, for the Fisher information proper; `labels` are not read then. That
   * distribution is the one of which the loss is the negative logarithm: classes by the softmax, bits by
   * the sigmoid, and for meanSquaredError of m outputs a normal one of variance m/2. Default `empirical`.
   */
  fisher?: 'empirical' | 'true';
  /** With `fisher: 'true'`: labels that are drawn for each example, a batch for each. Default 1. */
  draws?: number;
  /** With `fisher: 'true'`: decides the draws. Default 0. */
  seed?: number;
  signal?: AbortSignal;
}

/**
 * Gradients of k examples for one Dense layer in factored form: of example n, with a its row of
 * `inputs` and d its row of `deltas`, the kernel's gradient is a dᵀ and the bias's is d.
 */
export interface LayerFactors {
  /** Parameter name of the kernel, [in, out]. */
  kernel: string;
  /** Parameter name of the bias, [out]; undefined without one. */
  bias: string | undefined;
  in: number;
  out: number;
  /** What the layer got, [k, in]. */
  inputs: Float32Array;
  /** Gradient of the loss by the layer's pre-activation, [k, out]. */
  deltas: Float32Array;
}

export interface FactorBatch {
  /** k, the number of examples. */
  examples: number;
  /** The Dense layers from the input to the output. */
  layers: LayerFactors[];
}

/**
 * Per-example gradients in factored form, from one forward and one backward pass over each batch.
 *
 * A tensor of zeros [k, out] is added to every pre-activation z. The examples do not meet before
 * their losses are summed, so row n of ∂(Σ losses)/∂zeros is ∂(loss of example n)/∂z.
 *
 * Takes the same arguments and throws the same errors as perExampleGradients.
 */
export async function* layerFactors(
  model: LayersModel,
  inputs: Tensor | Float32Array,
  labels: Labels | undefined,
  options: FactorOptions = {},
): AsyncGenerator<FactorBatch, void, undefined> {
  const { loss, batchSize = 128, signal } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw optionError('batchSize', 'an integer of at least 1', batchSize);
  }
  const drawing = checkDrawing(options);
  signal?.throwIfAborted();
  const tf = await loadTensorFlow(options.tf);
  assertLayersModel(tf, model);
  const chain = chainOf(model);
  const objective = objectiveOf(tf, model, chain, loss);
  const examples = inputSource(tf, inputs, chain.inputShape);
  if (drawing !== undefined && objective.draw === undefined) {
    throw optionError('loss', "one that has a name where fisher is 'true'", loss);
  }
  const targets =
    drawing === undefined
      ? await labelSource(tf, labels, objective.labelForm, examples.count)
      : undefined;
  for (let start = 0; start < examples.count; start += batchSize) {
    signal?.throwIfAborted();
    const k = Math.min(batchSize, examples.count - start);
    for (let draw = 0; draw < (drawing?.draws ?? 1); draw++) {
      signal?.throwIfAborted();
      const passes = bothPasses(
        tf,
        objective,
        k,
        () => ({ x: examples.batch(start, k), labels: targets?.batch(start, k) }),
        drawing?.random,
      );
      yield { examples: k, layers: await download(passes) };
    }
  }
}

/** How labels are drawn; undefined: not at all. */
function checkDrawing({
  fisher = 'empirical',
  draws,
  seed,
}: FactorOptions): { draws: number; random: Random } | undefined {
  if (fisher !== 'empirical' && fisher !== 'true') {
    throw optionError('fisher', 'one of empirical, true', fisher);
  }
  if (fisher === 'empirical') {
    const [name, value] = draws === undefined ? ['seed', seed] : ['draws', draws];
    if (value !== undefined) {
      throw optionError(name, "left out unless fisher is 'true'", value);
    }
    return undefined;
  }
  if (draws !== undefined && (!Number.isSafeInteger(draws) || draws < 1)) {
    throw optionError('draws', 'a whole number of at least 1', draws);
  }
  if (seed !== undefined && (!Number.isSafeInteger(seed) || seed < 0)) {
    throw optionError('seed', 'a whole number of at least 0', seed);
  }
  return { draws: draws ?? 1, random: new Random(seed ?? 0) };
}

/** The two factors of one layer, kept until they are downloaded. */
interface LayerTensors {
  step: DenseStep;
  inputs: Tensor;
  deltas: Tensor;
}

function bothPasses(
  tf: TensorFlow,
  { steps, summedLoss, draw }: Objective,
  k: number,
  batch: () => { x: Tensor; labels: Tensor | undefined },
  random: Random | undefined,
): LayerTensors[] {
  const dense = steps.filter((step) => step.kind === 'dense');
  const inputs: Tensor[] = [];
  try {
    const deltas = tf.tidy(() => {
      const { x, labels: given } = batch();
      const backward = tf.grads((...zeros: Tensor[]) => {
        let activations = x;
        for (const step of steps) {
          if (step.kind === 'function') {
            activations = step.apply(activations);
            continue;
          }
          const zero = zeros[inputs.length];
          inputs.push(tf.keep(tf.clone(activations)));
          activations = tf.add(preActivation(tf, step, activations), zero);
        }
        const labels = given ?? (random && draw?.(tf, activations, random));
        if (labels === undefined) throw new TypeError('a batch has labels, or they are drawn');
        return summedLoss(labels, activations);
      });
      return backward(dense.map((step) => tf.zeros([k, step.outputs])));
    });
    return dense.map((step, l) => ({ step, inputs: inputs[l], deltas: deltas[l] }));
  } catch (error) {
    for (const tensor of inputs) tensor.dispose();
    disposeTape(tf);
    throw error;
  }
}

/** Disposes what TensorFlow.js saved for a backward pass; it does not when the pass fails. */
function disposeTape(tf: TensorFlow): void {
  const { state } = tf.engine();
  // Inside a gradient of the caller's the tape is the caller's.
  if (state.gradientDepth > 0) return;
  const saved = (state.activeTape ?? []).flatMap((node) => node.saved ?? []);
  for (const tensor of saved) tensor.dispose();
  state.activeTape = [];
}

/**
 * x·kernel (+ bias), differentiable by x. The transpose is written out in its gradient: the wasm
 * backend multiplies by a matrix that is only marked as transposed ten times more slowly.
 */
function preActivation(tf: TensorFlow, { layer }: DenseStep, x: Tensor): Tensor {
  const [kernel, bias] = layer.getWeights();
  const times = tf.customGrad((a) => ({
    value: tf.matMul(a as Tensor, kernel),
    gradFunc: (dy: Tensor) => tf.matMul(dy, tf.transpose(kernel)),
  }));
  const product = times(x);
  return bias ? tf.add(product, bias) : product;
}

async function download(layers: LayerTensors[]): Promise<LayerFactors[]> {
  try {
    return await Promise.all(
      layers.map(async ({ step, inputs, deltas }) => ({
        kernel: step.kernel,
        bias: step.bias,
        in: step.inputs,
        out: step.outputs,
        inputs: (await inputs.data()) as Float32Array,
        deltas: (await deltas.data()) as Float32Array,
      })),
    );
  } finally {
    for (const { inputs, deltas } of layers) {
      inputs.dispose();
      deltas.dispose();
    }
  }
}

import { optionError, WoodFisherError } from '../errors.js';
import type { Draw } from './drawn-labels.js';
import * as drawing from './drawn-labels.js';
import type { Graph } from './graph.js';
import type { LabelForm } from './labels.js';
import * as losses from './losses.js';
import type { LayersModel, Tensor, TensorFlow } from './tensorflow.js';

/** The losses that can be named. */
export type LossName =
  | 'categoricalCrossentropy'
  | 'sparseCategoricalCrossentropy'
  | 'binaryCrossentropy'
  | 'meanSquaredError';

/** Per-example losses [k] of labels [k, …] and predictions [k, …]. */
export type LossFunction = (labels: Tensor, predictions: Tensor) => Tensor;

/** What of a model the loss takes, and the loss. */
export interface Objective {
  /** The value of the graph that the loss takes: the model's output, or the logits it is made from. */
  output: number;
  /** Absent where it is a function. */
  name?: LossName;
  labelForm: LabelForm;
  /** Labels from the distribution that the outputs stand for; absent where that is not known. */
  draw?: Draw;
  /** Sum of the losses of the examples, a scalar. */
  summedLoss(labels: Tensor, outputs: Tensor): Tensor;
}

type Loss = (tf: TensorFlow, labels: Tensor, outputs: Tensor) => Tensor;

/** A loss of predictions, and the activation whose logits it can start from instead. */
interface NamedLoss {
  labels: 'classes' | 'targets';
  fromPredictions: Loss;
  draw: Draw;
  activation?: string;
  fromLogits?: Loss;
  drawFromLogits?: Draw;
}

const crossEntropy: NamedLoss = {
  labels: 'classes',
  fromPredictions: losses.categoricalCrossEntropy,
  draw: drawing.drawFromProbabilities,
  activation: 'softmax',
  fromLogits: losses.softmaxCrossEntropy,
  drawFromLogits: drawing.drawFromLogits,
};

const namedLosses: Record<LossName, NamedLoss> = {
  categoricalCrossentropy: crossEntropy,
  sparseCategoricalCrossentropy: crossEntropy,
  binaryCrossentropy: {
    labels: 'targets',
    fromPredictions: losses.binaryCrossEntropy,
    draw: drawing.drawBits,
    activation: 'sigmoid',
    fromLogits: losses.sigmoidCrossEntropy,
    drawFromLogits: drawing.drawBitsFromLogits,
  },
  meanSquaredError: {
    labels: 'targets',
    fromPredictions: losses.meanSquaredError,
    draw: drawing.drawNormal,
  },
};

/**
 * Joins a graph and a loss. With a softmax at the end of the graph and a categorical cross-entropy
 * (or a sigmoid and the binary one) the last step goes and the loss starts from the logits.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_OPTION` for a loss that is not known;
 *   `ERR_WOODFISHER_MODEL` for a model without one, or whose outputs do not fit it.
 */
export function objectiveOf(
  tf: TensorFlow,
  model: LayersModel,
  graph: Graph,
  loss: LossName | LossFunction | undefined,
): Objective {
  const chosen = loss ?? compiledLoss(model);
  if (typeof chosen === 'function') {
    return {
      output: graph.output,
      labelForm: { kind: 'raw' },
      summedLoss: (labels, outputs) => tf.sum(checked(chosen(labels, outputs), outputs.shape[0])),
    };
  }
  const named = Object.hasOwn(namedLosses, chosen as string)
    ? namedLosses[chosen as LossName]
    : undefined;
  if (named === undefined) {
    const names = Object.keys(namedLosses).join(', ');
    const rule = `one of ${names}, or a function (labels, predictions) => losses [k]`;
    throw optionError('loss', rule, chosen);
  }
  const shape = model.outputs[0].shape;
  if (shape.length !== 2 && (named.labels === 'classes' || shape.length < 2)) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_MODEL',
      `${chosen} needs outputs [batch, values], but the model's have rank ${shape.length}; ` +
        'pass a function (labels, predictions) => losses [k] as the option loss',
    );
  }
  const sizes = shape.slice(1);
  const width = sizes.reduce<number>((product, size) => product * (size ?? Number.NaN), 1);
  const last = graph.steps[graph.output - 1];
  const logits =
    last?.name !== undefined && last.name === named.activation ? named.fromLogits : undefined;
  const draw = (logits ? named.drawFromLogits : undefined) ?? named.draw;
  return {
    output: logits ? last.inputs[0] : graph.output,
    name: chosen as LossName,
    labelForm: { kind: named.labels, width: Number.isNaN(width) ? undefined : width },
    draw: (_, outputs, random) => draw(tf, rowsOf(tf, outputs), random),
    summedLoss: (labels, outputs) => {
      const rows = rowsOf(tf, outputs);
      const [, given] = labels.shape;
      if (given !== rows.shape[1]) {
        const rule = `of ${rows.shape[1]} values for each example, as the outputs are`;
        throw optionError('labels', rule, given);
      }
      return tf.sum((logits ?? named.fromPredictions)(tf, labels, rows));
    },
  };
}

/** [k, …] as [k, values]. */
function rowsOf(tf: TensorFlow, outputs: Tensor): Tensor {
  return outputs.rank === 2 ? outputs : tf.reshape(outputs, [outputs.shape[0], -1]);
}

/** The loss the model was compiled with, which may stand in a list or a record of one. */
function compiledLoss(model: LayersModel): unknown {
  const { loss } = model;
  const single =
    typeof loss === 'object' && loss !== null && Object.values(loss).length === 1
      ? Object.values(loss)[0]
      : loss;
  if (single !== undefined && single !== null) return single;
  throw new WoodFisherError(
    'ERR_WOODFISHER_MODEL',
    'the model has no loss: call model.compile({loss, optimizer}), or give the option loss',
  );
}

function checked(values: Tensor, k: number): Tensor {
  if (values.shape.length === 1 && values.shape[0] === k) return values;
  throw optionError(
    'loss',
    `a function that returns one loss for each example, shape [${k}], not their mean`,
    `a function that returns shape [${values.shape.join(', ')}]`,
  );
}

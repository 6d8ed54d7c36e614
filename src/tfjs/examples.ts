import { optionError } from '../errors.js';
import type { OpenShape } from './graph.js';
import type { Tensor, TensorFlow } from './tensorflow.js';

/** n examples that are turned into tensors a batch at a time. */
export interface Source {
  /** Number of examples. */
  count: number;
  /** Examples `start` … `start + k - 1`; the caller disposes the tensor. */
  batch(start: number, k: number): Tensor;
}

/** Inputs of a model. */
export interface InputSource extends Source {
  /** Shape of one example. */
  shape: readonly number[];
}

/**
 * Model inputs [n, ...inputShape] from a tensor, or from a row-major Float32Array where the shape leaves
 * no axis open.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_OPTION` when the shape or the length does not fit.
 */
export function inputSource(
  tf: TensorFlow,
  inputs: Tensor | Float32Array,
  inputShape: OpenShape,
): InputSource {
  const expected = `[n, ${inputShape.map((axis) => axis ?? 'any').join(', ')}]`;
  if (inputs instanceof Float32Array) {
    if (!isFixed(inputShape)) {
      throw optionError('inputs', `a tf.Tensor ${expected}, which tells its sizes`, inputs);
    }
    const size = inputShape.reduce((product, axis) => product * axis, 1);
    if (inputs.length % size !== 0) {
      throw optionError('inputs', `${expected}, a multiple of ${size} values`, inputs.length);
    }
    return {
      count: inputs.length / size,
      shape: inputShape,
      // A copy: the cpu backend keeps the array it is given, and what it keeps is handed out.
      batch: (start, k) =>
        tf.tensor(inputs.slice(start * size, (start + k) * size), [k, ...inputShape]),
    };
  }
  if (!(inputs instanceof tf.Tensor)) {
    throw optionError('inputs', `a Float32Array or a tf.Tensor ${expected}`, inputs);
  }
  const [count, ...shape] = inputs.shape;
  if (
    shape.length !== inputShape.length ||
    inputShape.some((axis, i) => axis !== null && axis !== shape[i])
  ) {
    throw optionError('inputs', `of shape ${expected}`, `[${inputs.shape.join(', ')}]`);
  }
  return { count, shape, batch: (start, k) => floatRows(tf, inputs, start, k) };
}

function isFixed(shape: OpenShape): shape is readonly number[] {
  return shape.every((axis) => axis !== null);
}

/** Rows `start` … `start + k - 1` of a tensor as float32. */
export function floatRows(tf: TensorFlow, tensor: Tensor, start: number, k: number): Tensor {
  return tf.tidy(() => tf.cast(tensorRows(tf, tensor, start, k), 'float32'));
}

/** Rows `start` … `start + k - 1` of a tensor. */
export function tensorRows(tf: TensorFlow, tensor: Tensor, start: number, k: number): Tensor {
  const rest = tensor.shape.slice(1);
  return tf.slice(tensor, [start, ...rest.map(() => 0)], [k, ...rest]);
}

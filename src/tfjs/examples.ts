import { optionError } from '../errors.js';
import type { Tensor, TensorFlow } from './tensorflow.js';

/** n examples that are turned into tensors a batch at a time. */
export interface Source {
  /** Number of examples. */
  count: number;
  /** Examples `start` … `start + k - 1`; the caller disposes the tensor. */
  batch(start: number, k: number): Tensor;
}

/**
 * Model inputs [n, ...inputShape] from a tensor, or from a row-major Float32Array.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_OPTION` when the shape or the length does not fit.
 */
export function inputSource(
  tf: TensorFlow,
  inputs: Tensor | Float32Array,
  inputShape: readonly number[],
): Source {
  const expected = `[n, ${inputShape.join(', ')}]`;
  if (inputs instanceof Float32Array) {
    const size = inputShape.reduce((product, axis) => product * axis, 1);
    if (inputs.length % size !== 0) {
      throw optionError('inputs', `${expected}, a multiple of ${size} values`, inputs.length);
    }
    return {
      count: inputs.length / size,
      // A copy: the cpu backend keeps the array it is given, and what it keeps is handed out.
      batch: (start, k) =>
        tf.tensor(inputs.slice(start * size, (start + k) * size), [k, ...inputShape]),
    };
  }
  if (!(inputs instanceof tf.Tensor)) {
    throw optionError('inputs', `a Float32Array or a tf.Tensor ${expected}`, inputs);
  }
  const { shape } = inputs;
  if (
    shape.length !== inputShape.length + 1 ||
    inputShape.some((axis, i) => axis !== shape[i + 1])
  ) {
    throw optionError('inputs', `of shape ${expected}`, `[${shape.join(', ')}]`);
  }
  return { count: shape[0], batch: (start, k) => floatRows(tf, inputs, start, k) };
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

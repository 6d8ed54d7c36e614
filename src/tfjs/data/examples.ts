import { optionError } from '../../errors.js';
import { inputSource } from '../examples.js';
import type { OpenShape } from '../graph.js';
import type { Labels } from '../labels.js';
import type { Tensor, TensorFlow } from '../tensorflow.js';

/** n examples as arrays or tensors, n along the first axis; see {@link perExampleGradients}. */
export interface ExampleArrays {
  /** [n, ...inputShape]: a tensor, or a row-major Float32Array where the model leaves no size open. */
  xs: Tensor | Float32Array;
  /** Class indices [n], rows [n, classes], or targets [n, …]; arrays are row-major. */
  ys: Labels;
}

/** Examples in memory. */
export interface Examples {
  count: number;
  inputShape: readonly number[];
  /** [count, ...inputShape] */
  inputs: Float32Array;
  /** [count, ...labelShape] */
  labels: Float32Array | Int32Array;
  labelShape: readonly number[];
}

/**
 * Arrays and tensors as examples in memory; a Float32Array is taken as it is, without a copy.
 *
 * @param what Names the option in messages.
 * @throws {WoodFisherError} `ERR_WOODFISHER_OPTION` where shapes or lengths do not fit.
 */
export async function readArrays(
  tf: TensorFlow,
  { xs, ys }: ExampleArrays,
  openShape: OpenShape,
  what: string,
): Promise<Examples> {
  const { count, shape: inputShape } = inputSource(tf, xs, openShape);
  if (count === 0) throw optionError(`${what}.xs`, 'of at least one example', count);
  const inputs = xs instanceof Float32Array ? xs : Float32Array.from(await xs.data());
  const { labels, shape } = await readLabels(tf, ys, what);
  const [rows] = shape;
  if (rows !== count && !(shape.length === 1 && rows % count === 0)) {
    throw optionError(`${what}.ys`, `of ${count} examples, as xs are`, `of ${rows}`);
  }
  const labelShape = rows === count ? shape.slice(1) : [rows / count];
  return { count, inputShape, inputs, labels, labelShape };
}

async function readLabels(
  tf: TensorFlow,
  ys: Labels,
  what: string,
): Promise<{ labels: Examples['labels']; shape: readonly number[] }> {
  if (ys instanceof tf.Tensor) {
    const values = await ys.data();
    const labels = ys.dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
    return { labels, shape: ys.shape };
  }
  if (ys instanceof Float32Array || ys instanceof Int32Array) {
    return { labels: ys, shape: [ys.length] };
  }
  if (ys instanceof Uint8Array) return { labels: Int32Array.from(ys), shape: [ys.length] };
  if (Array.isArray(ys)) return { labels: Float32Array.from(ys), shape: [ys.length] };
  const rule = 'number[], Int32Array, Uint8Array, Float32Array or tf.Tensor';
  throw optionError(`${what}.ys`, rule, ys);
}

/** Some of the examples, in the order of the indices, on memory of their own. */
export function pick(examples: Examples, indices: Uint32Array): Examples {
  const { inputs, labels, inputShape, labelShape } = examples;
  const picked = {
    count: indices.length,
    inputShape,
    labelShape,
    inputs: new Float32Array(indices.length * sizeOf(inputShape)),
    labels:
      labels instanceof Float32Array
        ? new Float32Array(indices.length * sizeOf(labelShape))
        : new Int32Array(indices.length * sizeOf(labelShape)),
  };
  indices.forEach((n, i) => {
    picked.inputs.set(rowOf(inputs, n, sizeOf(inputShape)), i * sizeOf(inputShape));
    picked.labels.set(rowOf(labels, n, sizeOf(labelShape)), i * sizeOf(labelShape));
  });
  return picked;
}

/** Examples `start` … `end − 1`, on the same memory. */
export function sliceExamples(examples: Examples, start: number, end: number): Examples {
  const { inputs, labels, inputShape, labelShape } = examples;
  const [x, y] = [sizeOf(inputShape), sizeOf(labelShape)];
  return {
    ...examples,
    count: end - start,
    inputs: inputs.subarray(start * x, end * x),
    labels: labels.subarray(start * y, end * y),
  };
}

/** The inputs [count, ...inputShape]; the caller disposes the tensor. */
export function inputTensor(tf: TensorFlow, { count, inputs, inputShape }: Examples): Tensor {
  // A copy: the cpu backend keeps the array it is given, and what it keeps is handed out.
  return tf.tensor(inputs.slice(), [count, ...inputShape]);
}

/** The labels [count, ...labelShape]; the caller disposes the tensor. */
export function labelTensor(tf: TensorFlow, { count, labels, labelShape }: Examples): Tensor {
  const dtype = labels instanceof Float32Array ? 'float32' : 'int32';
  return tf.tensor(labels.slice(), [count, ...labelShape], dtype);
}

function rowOf<T extends Float32Array | Int32Array>(values: T, n: number, size: number): T {
  return values.subarray(n * size, (n + 1) * size) as T;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, axis) => product * axis, 1);
}

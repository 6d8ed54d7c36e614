import { optionError } from '../errors.js';
import { floatRows, type Source, tensorRows } from './examples.js';
import type { Tensor, TensorFlow } from './tensorflow.js';

/** Class indices or targets of n examples; see `perExampleGradients`. */
export type Labels = readonly number[] | Int32Array | Uint8Array | Float32Array | Tensor;

type LabelArray = Exclude<Labels, Tensor>;

/**
 * What a loss wants to see of the labels: `classes` one-hot rows [k, width] from class indices or
 * from rows; `targets` rows [k, width], of whatever width there is where none is told; `raw` the labels
 * as they are.
 */
export type LabelForm =
  | { kind: 'classes' | 'targets'; width: number | undefined }
  | { kind: 'raw' };

/**
 * Labels a batch at a time, in the form a loss wants.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_OPTION` when there are not as many as examples, or a
 *   class index is not an integer below `width`.
 */
export async function labelSource(
  tf: TensorFlow,
  labels: Labels | undefined,
  form: LabelForm,
  examples: number,
): Promise<Source> {
  if (!(labels instanceof tf.Tensor) && !isArray(labels)) {
    const rule = 'number[], Int32Array, Uint8Array, Float32Array or tf.Tensor';
    throw optionError('labels', rule, labels);
  }
  if (form.kind === 'raw') return rawSource(tf, labels, examples);
  const { kind } = form;
  const count = labels instanceof tf.Tensor ? labels.size : labels.length;
  const width = form.width ?? Math.max(1, Math.floor(count / examples));
  if (kind === 'classes' && count === examples && width > 1) {
    const classes = labels instanceof tf.Tensor ? await labels.data() : labels;
    assertClasses(classes, width);
    return { count, batch: (start, k) => oneHot(tf, classes, width, start, k) };
  }
  if (count !== examples * width) {
    const indices = kind === 'classes' ? `${examples} class indices or ` : '';
    throw optionError('labels', `${indices}${examples} rows of ${width} values`, count);
  }
  if (labels instanceof tf.Tensor) {
    return {
      count: examples,
      batch: (start, k) =>
        tf.tidy(() => floatRows(tf, tf.reshape(labels, [examples, width]), start, k)),
    };
  }
  return {
    count: examples,
    batch: (start, k) =>
      tf.tensor(Float32Array.from(labels.slice(start * width, (start + k) * width)), [k, width]),
  };
}

function rawSource(tf: TensorFlow, labels: Labels, examples: number): Source {
  const count = labels instanceof tf.Tensor ? (labels.shape[0] ?? 0) : labels.length;
  if (count !== examples) {
    throw optionError('labels', `one for each of the ${examples} examples`, count);
  }
  if (labels instanceof tf.Tensor) {
    return { count, batch: (start, k) => tensorRows(tf, labels, start, k) };
  }
  const dtype = labels instanceof Int32Array || labels instanceof Uint8Array ? 'int32' : 'float32';
  return {
    count,
    batch: (start, k) => tf.tensor(Array.from(labels.slice(start, start + k)), [k], dtype),
  };
}

function isArray(labels: unknown): labels is LabelArray {
  return (
    Array.isArray(labels) ||
    labels instanceof Int32Array ||
    labels instanceof Uint8Array ||
    labels instanceof Float32Array
  );
}

function assertClasses(classes: ArrayLike<number>, width: number): void {
  for (let n = 0; n < classes.length; n++) {
    const label = classes[n];
    if (Number.isInteger(label) && label >= 0 && label < width) continue;
    throw optionError(`labels[${n}]`, `a whole number from 0 to ${width - 1}`, label);
  }
}

function oneHot(
  tf: TensorFlow,
  classes: ArrayLike<number>,
  width: number,
  start: number,
  k: number,
): Tensor {
  const rows = new Float32Array(k * width);
  for (let i = 0; i < k; i++) rows[i * width + classes[start + i]] = 1;
  return tf.tensor(rows, [k, width]);
}

import { optionError } from '../../errors.js';
import type { OpenShape } from '../graph.js';
import type { Tensor, TensorFlow } from '../tensorflow.js';
import { type ExampleArrays, type Examples, readArrays, sliceExamples } from './examples.js';

/** What {@link pruneModel} needs of a `tf.data.Dataset`: elements `{xs, ys}`, batched or single. */
export interface ExampleStream {
  iterator(): Promise<{ next(): Promise<{ value: unknown; done: boolean }> }>;
}

/** Examples with what they show. */
export type Dataset = ExampleArrays | ExampleStream;

/**
 * Examples in memory. Of a stream the first `most` are read; its tensors are disposed.
 *
 * @param what Names the option in messages.
 * @throws {WoodFisherError} `ERR_WOODFISHER_OPTION` for what is no dataset, or does not fit the model.
 */
export async function readDataset(
  tf: TensorFlow,
  dataset: Dataset,
  inputShape: OpenShape,
  { most, what, signal }: { most: number; what: string; signal?: AbortSignal },
): Promise<Examples> {
  if (isStream(dataset)) return await readStream(tf, dataset, inputShape, { most, what, signal });
  if (typeof dataset !== 'object' || dataset === null || !('xs' in dataset)) {
    throw optionError(what, '{xs, ys} of tensors or arrays, or a tf.data.Dataset', dataset);
  }
  return await readArrays(tf, dataset, inputShape, what);
}

async function readStream(
  tf: TensorFlow,
  stream: ExampleStream,
  inputShape: OpenShape,
  { most, what, signal }: { most: number; what: string; signal?: AbortSignal },
): Promise<Examples> {
  const parts: Examples[] = [];
  const iterator = await stream.iterator();
  for (let count = 0; count < most; ) {
    signal?.throwIfAborted();
    const { value, done } = await iterator.next();
    if (done) break;
    const part = await readElement(tf, value, inputShape, what);
    const first = parts[0];
    if (first !== undefined && `${first.labelShape}` !== `${part.labelShape}`) {
      const rule = `of shape [${first.labelShape}] for each example, as in the first element`;
      throw optionError(`${what}.ys`, rule, `of shape [${part.labelShape}]`);
    }
    if (first !== undefined && `${first.inputShape}` !== `${part.inputShape}`) {
      const rule = `of shape [${first.inputShape}] for each example, as in the first element`;
      throw optionError(`${what}.xs`, rule, `of shape [${part.inputShape}]`);
    }
    const taken = Math.min(part.count, most - count);
    parts.push(sliceExamples(part, 0, taken));
    count += taken;
  }
  if (parts.length === 0) throw optionError(what, 'of at least one example', 'empty');
  return joined(parts);
}

/** Takes the arrays out of an element, and disposes its tensors. */
async function readElement(
  tf: TensorFlow,
  value: unknown,
  inputShape: OpenShape,
  what: string,
): Promise<Examples> {
  const { xs, ys } = (value ?? {}) as { xs?: unknown; ys?: unknown };
  const tensors = [xs, ys].filter((part): part is Tensor => part instanceof tf.Tensor);
  try {
    if (xs instanceof tf.Tensor && xs.shape.length > inputShape.length) {
      return await readArrays(tf, { xs, ys } as ExampleArrays, inputShape, what);
    }
    const [x, y] = await Promise.all([xs, ys].map((part) => numbersOf(tf, part)));
    if (x === undefined || y === undefined) {
      throw optionError(what, 'a dataset of elements {xs, ys} of tensors or arrays', value);
    }
    const one = { xs: Float32Array.from(x.values), ys: [0] };
    const given = xs instanceof tf.Tensor ? xs.shape : [];
    const shape = inputShape.map((axis, i) => axis ?? given[i] ?? null);
    const read = await readArrays(tf, one, shape, what);
    const labels = y.whole ? Int32Array.from(y.values) : Float32Array.from(y.values);
    return { ...read, labels, labelShape: y.shape };
  } finally {
    for (const tensor of tensors) tensor.dispose();
  }
}

/** The numbers of a single example, which is a tensor, a number or an array; undefined for another. */
async function numbersOf(
  tf: TensorFlow,
  part: unknown,
): Promise<{ values: number[]; shape: number[]; whole: boolean } | undefined> {
  if (part instanceof tf.Tensor) {
    const values = Array.from(await part.data());
    return { values, shape: part.shape, whole: part.dtype !== 'float32' };
  }
  if (typeof part === 'number') return { values: [part], shape: [], whole: false };
  if (!Array.isArray(part) && !ArrayBuffer.isView(part)) return undefined;
  const values = Array.from(part as ArrayLike<unknown>).flat(Number.POSITIVE_INFINITY);
  if (!values.every((value) => typeof value === 'number')) return undefined;
  return { values, shape: values.length === 1 ? [] : [values.length], whole: false };
}

function joined(parts: readonly Examples[]): Examples {
  const total = (of: 'inputs' | 'labels'): number =>
    parts.reduce((sum, part) => sum + part[of].length, 0);
  const [first] = parts;
  const whole = {
    ...first,
    count: parts.reduce((sum, { count }) => sum + count, 0),
    inputs: new Float32Array(total('inputs')),
    labels:
      first.labels instanceof Float32Array
        ? new Float32Array(total('labels'))
        : new Int32Array(total('labels')),
  };
  let [x, y] = [0, 0];
  for (const { inputs, labels } of parts) {
    whole.inputs.set(inputs, x);
    whole.labels.set(labels, y);
    x += inputs.length;
    y += labels.length;
  }
  return whole;
}

function isStream(dataset: Dataset): dataset is ExampleStream {
  return typeof (dataset as Partial<ExampleStream> | null)?.iterator === 'function';
}

import { optionError } from '../../errors.js';
import { checkWhole } from '../../options.js';
import { type Dataset, readDataset } from '../data/dataset.js';
import { holdOut } from '../data/draw.js';
import type { Examples } from '../data/examples.js';
import type { OpenShape } from '../graph.js';
import type { TensorFlow } from '../tensorflow.js';

/** Which examples stay out of the Fisher. */
export interface HeldOutOptions {
  /**
   * Share of the dataset, 0 to 1, that is held out: the loss of line searches, and the metrics, are
   * over these examples alone. Default 0.1, or 0 with `heldOut`.
   */
  validationSplit?: number;
  /** Examples of their own for that, in place of a part of the dataset. */
  heldOut?: Dataset;
  /**
   * Examples that are read of a `tf.data.Dataset` at most; they are kept in memory. Default: as many
   * as all steps take together.
   */
  maxExamples?: number;
}

export interface ReadOptions extends HeldOutOptions {
  tf: TensorFlow;
  inputShape: OpenShape;
  /** Examples that all steps take together. */
  wanted: number;
  /** Whether a line search needs examples that are not in the Fisher. */
  searches: boolean;
  seed: number;
  signal?: AbortSignal;
}

/** Reads a dataset, and parts it into what gradients are taken of and what is held out. */
export async function readParts(
  dataset: Dataset,
  options: ReadOptions,
): Promise<{ rest: Examples; heldOut: Examples; separate: boolean }> {
  const { tf, inputShape, heldOut, wanted, searches, seed, signal, maxExamples } = options;
  const { validationSplit = heldOut === undefined ? 0.1 : 0 } = options;
  if (!(validationSplit >= 0 && validationSplit < 1)) {
    throw optionError('validationSplit', 'a number from 0 to below 1', validationSplit);
  }
  if (heldOut !== undefined && validationSplit > 0) {
    throw optionError('validationSplit', 'left out where heldOut is given', validationSplit);
  }
  if (searches && heldOut === undefined && validationSplit === 0) {
    const rule = 'above 0, or heldOut given, for a line search over examples not in the Fisher';
    throw optionError('validationSplit', rule, validationSplit);
  }
  if (maxExamples !== undefined) checkWhole('maxExamples', maxExamples);
  const most = maxExamples ?? Math.ceil(wanted / (1 - validationSplit));
  const all = await readDataset(tf, dataset, inputShape, { most, what: 'dataset', signal });
  if (heldOut !== undefined) {
    const most = maxExamples ?? Number.POSITIVE_INFINITY;
    const own = await readDataset(tf, heldOut, inputShape, { most, what: 'heldOut', signal });
    return { rest: all, heldOut: own, separate: true };
  }
  if (validationSplit === 0) return { rest: all, heldOut: all, separate: false };
  const parts = holdOut(all, validationSplit, seed);
  if (parts.rest.count > 0) return { ...parts, separate: true };
  throw optionError('dataset', 'of at least two examples, one of them held out', all.count);
}

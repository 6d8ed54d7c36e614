import { optionError } from '../errors.js';
import { checkWhole } from '../options.js';
import type { LossFunction, LossName } from './objective.js';
import { Random } from './random.js';
import type { TensorFlow } from './tensorflow.js';

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

/** How labels are drawn; undefined: not at all. */
export function checkDrawing({
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
  const from = checkWhole('seed', seed ?? 0, { least: 0 });
  return { draws: checkWhole('draws', draws ?? 1), random: new Random(from) };
}

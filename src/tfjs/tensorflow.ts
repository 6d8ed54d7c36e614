import type * as tfTypes from '@tensorflow/tfjs';
import { WoodFisherError } from '../errors.js';

/** A concrete tensor of TensorFlow.js. */
export type Tensor = tfTypes.Tensor;

/** A layered model of TensorFlow.js, sequential or functional. */
export type LayersModel = tfTypes.LayersModel;

/**
 * The part of TensorFlow.js this package calls: what `import * as tf from '@tensorflow/tfjs'` (or
 * `tfjs-node`, `tfjs-node-gpu`) gives.
 */
export type TensorFlow = Pick<
  typeof tfTypes,
  | 'LayersModel'
  | 'Tensor'
  | 'Variable'
  | 'add'
  | 'argMax'
  | 'cast'
  | 'clipByValue'
  | 'clone'
  | 'concat'
  | 'conv2d'
  | 'customGrad'
  | 'depthwiseConv2d'
  | 'div'
  | 'engine'
  | 'equal'
  | 'exp'
  | 'expandDims'
  | 'gather'
  | 'getBackend'
  | 'greater'
  | 'image'
  | 'io'
  | 'keep'
  | 'less'
  | 'loadLayersModel'
  | 'log'
  | 'matMul'
  | 'max'
  | 'maxPool'
  | 'mean'
  | 'models'
  | 'mul'
  | 'neg'
  | 'oneHot'
  | 'pad'
  | 'ready'
  | 'relu'
  | 'reshape'
  | 'reverse'
  | 'scalar'
  | 'sigmoid'
  | 'slice'
  | 'softplus'
  | 'split'
  | 'sqrt'
  | 'square'
  | 'stack'
  | 'sub'
  | 'sum'
  | 'tensor'
  | 'tidy'
  | 'transpose'
  | 'unstack'
  | 'zeros'
  | 'zerosLike'
>;

/**
 * The user's build of TensorFlow.js, or `@tensorflow/tfjs` when none is given, its backend ready.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_MODEL` when the package cannot be imported; the import
 *   error is the `cause`.
 */
export async function readyTensorFlow(tf?: TensorFlow): Promise<TensorFlow> {
  const loaded = tf ?? (await importTensorFlow());
  await loaded.ready();
  return loaded;
}

async function importTensorFlow(): Promise<TensorFlow> {
  try {
    return await import('@tensorflow/tfjs');
  } catch (cause) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_MODEL',
      'the package @tensorflow/tfjs cannot be imported: run "npm install @tensorflow/tfjs", or ' +
        'pass the build you use (tfjs-node, tfjs-node-gpu) as the option tf',
      {},
      { cause },
    );
  }
}

/**
 * Refuses what is not a `LayersModel` of this very build: tensors of two copies of TensorFlow.js
 * cannot meet in one operation.
 */
export function assertLayersModel(tf: TensorFlow, model: unknown): asserts model is LayersModel {
  if (model instanceof tf.LayersModel) return;
  const received = (model as object | null | undefined)?.constructor?.name ?? String(model);
  throw new WoodFisherError(
    'ERR_WOODFISHER_MODEL',
    `model must be a tf.LayersModel of the TensorFlow.js build in use, but is a ${received}; ` +
      'when it comes from another copy or build of TensorFlow.js, pass that one as the option tf',
    { value: received },
  );
}

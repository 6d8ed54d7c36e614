import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { folderHandler } from './files/folder-handler.js';
import { type Masks, maskTensors, readMaskFile, writeMaskFile } from './files/mask-file.js';
import { type ModelFile, readModelFile, writeModelFile } from './files/model-file.js';
import { ownOptimizer } from './owned-optimizer.js';
import {
  assertLayersModel,
  type LayersModel,
  readyTensorFlow,
  type TensorFlow,
} from './tensorflow.js';

/** What is saved beside the weights. */
export interface SaveModelOptions {
  /** The build of TensorFlow.js the model comes from. Default: `@tensorflow/tfjs`. */
  tf?: TensorFlow;
  /** 1 = kept, 0 = pruned, by parameter, as pruneModel returns them. */
  masks?: Masks;
  /** Whether loss, metrics and the optimizer's state are saved too. Default false. */
  includeOptimizer?: boolean;
}

/** A model out of a file; the caller disposes it. */
export type SavedModel = Pick<ModelFile, 'model' | 'masks'>;

/**
 * Saves a model with its masks. A path that ends in `.safetensors` is one file: weights under the names of
 * {@link modelParameters} (`woodfisher prune --output-axis last` takes it), masks as `mask:NAME`. Any
 * other path is a folder (or its `.json` file) with `model.json` and weight files in the format of TensorFlow.js, and
 * `masks.safetensors`.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_MISSING` for a mask of no weight of the model, before anything
 *   is written; `ERR_WOODFISHER_OUTPUT` for what cannot be written.
 */
export async function saveModel(
  model: LayersModel,
  path: string,
  { tf: given, masks = {}, includeOptimizer = false }: SaveModelOptions = {},
): Promise<void> {
  const tf = await readyTensorFlow(given);
  assertLayersModel(tf, model);
  if (path.endsWith('.safetensors')) {
    await writeModelFile(tf, path, model, { masks, optimizer: includeOptimizer });
    return;
  }
  const tensors = maskTensors(model, masks);
  await model.save(folderHandler(path), { includeOptimizer });
  await writeMaskFile(maskFile(path), tensors);
}

/**
 * Loads what {@link saveModel} has saved, or any other LayersModel in the format of TensorFlow.js, whose
 * masks are then empty.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT` for what is no such file.
 */
export async function loadModel(
  path: string,
  options: { tf?: TensorFlow } = {},
): Promise<SavedModel> {
  const tf = await readyTensorFlow(options.tf);
  if (path.endsWith('.safetensors')) {
    const { model, masks } = await readModelFile(tf, path);
    return { model, masks };
  }
  const model = await tf.loadLayersModel(folderHandler(path));
  try {
    // There is none where it was not saved, whatever the types say.
    const optimizer = model.optimizer as LayersModel['optimizer'] | undefined;
    if (optimizer !== undefined) ownOptimizer(model);
    const file = maskFile(path);
    const there = await stat(file).then(
      () => true,
      () => false,
    );
    return { model, masks: there ? await readMaskFile(file, model) : {} };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** The masks beside a `model.json`, which the path may name or be the folder of. */
function maskFile(path: string): string {
  return join(path.endsWith('.json') ? dirname(path) : path, 'masks.safetensors');
}

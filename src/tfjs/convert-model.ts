import { sizeOf } from '../blocks/block-shape.js';
import { readMaskFile } from './files/mask-file.js';
import { loadModel, saveModel } from './model-files.js';
import { namedVariables } from './names.js';
import { readyTensorFlow, type TensorFlow } from './tensorflow.js';

/** What {@link convertModel} needs beside the files. */
export interface ConvertModelOptions {
  /** Any build of TensorFlow.js. Default: `@tensorflow/tfjs`. */
  tf?: TensorFlow;
  /** A file of masks, as `woodfisher prune --mask-out` writes it, in place of those of the input. */
  masks?: string;
}

/** What was converted. */
export interface ConvertedModel {
  tensors: number;
  /** Weights and biases. */
  values: number;
  /** Parameters with a mask. */
  masks: number;
}

/**
 * Turns a LayersModel in the format of TensorFlow.js into one safetensors file, or back: a path that ends
 * in `.safetensors` is such a file, any other a folder with `model.json`, or that file itself.
 *
 * Names are those of {@link modelParameters}, and layouts stay as TensorFlow.js has them: kernels
 * [in, out] and [kh, kw, in, out]. Every bit is kept, of quantised weights what they stand for. Loss
 * and optimizer are left out.
 *
 * @throws {WoodFisherError} what {@link loadModel} and {@link saveModel} throw.
 * @example
 * await convertModel('web-model', 'model.safetensors', { tf });
 */
export async function convertModel(
  input: string,
  output: string,
  options: ConvertModelOptions = {},
): Promise<ConvertedModel> {
  const tf = await readyTensorFlow(options.tf);
  const { model, masks: own } = await loadModel(input, { tf });
  try {
    const masks = options.masks === undefined ? own : await readMaskFile(options.masks, model);
    await saveModel(model, output, { tf, masks });
    const variables = [...namedVariables(model).values()];
    return {
      tensors: variables.length,
      values: variables.reduce((sum, { variable }) => sum + sizeOf(variable.shape as number[]), 0),
      masks: Object.keys(masks).length,
    };
  } finally {
    model.dispose();
  }
}

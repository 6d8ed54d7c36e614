import { formatError, quote } from '../../formats/errors.js';
import { openSafetensors } from '../../formats/safetensors/reader.js';
import { writeSafetensors } from '../../formats/safetensors/writer.js';
import type { LayersModel } from '../tensorflow.js';
import { modelParameters } from '../weights.js';

/** Writes masks as `woodfisher prune --mask-out` does: a U8 tensor for each parameter, of its shape. */
export async function writeMaskFile(
  path: string,
  model: LayersModel,
  masks: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  const tensors = modelParameters(model)
    .filter(({ name }) => masks[name] !== undefined)
    .map(({ name, shape }) => ({
      name,
      dtype: 'U8' as const,
      shape: [...shape],
      data: masks[name],
    }));
  await writeSafetensors(path, tensors, { metadata: [['format', 'woodfisher.masks']] });
}

/**
 * The masks of a model's parameters.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT` for a mask that does not fit the model.
 */
export async function readMaskFile(
  path: string,
  model: LayersModel,
): Promise<Record<string, Uint8Array>> {
  const shapes = new Map(modelParameters(model).map(({ name, shape }) => [name, shape]));
  const file = await openSafetensors(path);
  try {
    const masks: Record<string, Uint8Array> = {};
    for (const [name, { dtype, shape }] of file.tensors) {
      const expected = shapes.get(name);
      if (dtype !== 'U8' || expected === undefined || `${shape}` !== `${expected}`) {
        const wanted = expected === undefined ? 'a parameter of the model' : `U8 [${expected}]`;
        const problem = `tensor ${quote(name)} must be ${wanted}, but is ${dtype} [${shape}]`;
        throw formatError(path, problem, { parameter: name });
      }
      masks[name] = await file.readBytes(name);
    }
    return masks;
  } finally {
    await file.close();
  }
}

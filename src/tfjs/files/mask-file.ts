import { formatError, quote } from '../../formats/errors.js';
import { openSafetensors, type SafetensorsFile } from '../../formats/safetensors/reader.js';
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
  await using file = await openSafetensors(path);
  return await readMasks(file, model);
}

/**
 * Masks out of an open file.
 *
 * @param prefix What the names of tensors that are masks begin with, before the parameter's name.
 */
export async function readMasks(
  file: SafetensorsFile,
  model: LayersModel,
  prefix = '',
): Promise<Record<string, Uint8Array>> {
  const shapes = new Map(modelParameters(model).map(({ name, shape }) => [name, shape]));
  const masks: Record<string, Uint8Array> = {};
  for (const [key, { dtype, shape }] of file.tensors) {
    if (!key.startsWith(prefix)) continue;
    const parameter = key.slice(prefix.length);
    const expected = shapes.get(parameter);
    const refused = (rule: string, value: string) =>
      formatError(file.path, `tensor ${quote(key)} must ${rule}, but ${value}`, { parameter });
    if (dtype !== 'U8' || expected === undefined || `${shape}` !== `${expected}`) {
      const wanted = expected === undefined ? 'a parameter of the model' : `U8 [${expected}]`;
      throw refused(`be ${wanted}`, `is ${dtype} [${shape}]`);
    }
    const mask = await file.readBytes(key);
    const odd = mask.findIndex((value) => value > 1);
    if (odd !== -1) throw refused('be of 0 and 1', `has ${mask[odd]} at ${odd}`);
    masks[parameter] = mask;
  }
  return masks;
}

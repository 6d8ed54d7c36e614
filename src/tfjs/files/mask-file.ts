import { isMaskDtype } from '../../files/read-masks.js';
import { formatError, quote } from '../../formats/errors.js';
import { openSafetensors, type SafetensorsFile } from '../../formats/safetensors/reader.js';
import { type TensorSource, writeSafetensors } from '../../formats/safetensors/writer.js';
import { namedVariables, requireVariable } from '../names.js';
import type { LayersModel } from '../tensorflow.js';

/** By parameter: 1 = kept, 0 = pruned. */
export type Masks = Readonly<Record<string, Uint8Array>>;

/**
 * Masks as they stand in files: a U8 tensor for each parameter, of its shape.
 *
 * @param prefix What their names begin with, before the parameter's name.
 * @throws {WoodFisherError} `ERR_WOODFISHER_MISSING` for a mask of no weight of the model.
 */
export function maskTensors(model: LayersModel, masks: Masks, prefix = ''): TensorSource[] {
  const variables = namedVariables(model);
  return Object.entries(masks).map(([name, data]) => {
    const shape = [...(requireVariable(variables, name).shape as number[])];
    return { name: `${prefix}${name}`, dtype: 'U8', shape, data };
  });
}

/** Writes masks, and nothing else, as `woodfisher prune --mask-out` does. */
export async function writeMaskFile(path: string, tensors: readonly TensorSource[]): Promise<void> {
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
  const variables = namedVariables(model);
  const masks: Record<string, Uint8Array> = {};
  for (const [key, { dtype, shape }] of file.tensors) {
    if (!key.startsWith(prefix)) continue;
    const parameter = key.slice(prefix.length);
    const expected = variables.get(parameter)?.variable.shape;
    const refused = (rule: string, value: string) =>
      formatError(file.path, `tensor ${quote(key)} must ${rule}, but ${value}`, { parameter });
    if (!isMaskDtype(dtype) || expected === undefined || `${shape}` !== `${expected}`) {
      const wanted =
        expected === undefined ? 'a parameter of the model' : `U8 or BOOL [${expected}]`;
      throw refused(`be ${wanted}`, `is ${dtype} [${shape}]`);
    }
    const mask = await file.readBytes(key);
    const odd = mask.findIndex((value) => value > 1);
    if (odd !== -1) throw refused('be of 0 and 1', `has ${mask[odd]} at ${odd}`);
    masks[parameter] = mask;
  }
  return masks;
}

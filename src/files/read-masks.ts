import { WoodFisherError } from '../errors.js';
import type { Dtype } from '../formats/dtypes.js';
import { openSafetensors, type SafetensorsFile } from '../formats/safetensors/reader.js';
import type { Parameter } from '../parameters.js';
import type { TensorReader } from './tensor-reader.js';

/**
 * Gives parameters the masks of a safetensors file, by name: U8 or BOOL tensors of the same shape, 1 =
 * kept. Parameters without one have lost nothing; masks of tensors that are not pruned are passed over.
 *
 * @throws {WoodFisherError} for masks of tensors that the model does not have, other dtypes and shapes.
 */
export async function readMasks(
  path: string,
  model: TensorReader,
  parameters: readonly Parameter[],
): Promise<void> {
  await using masks = await openSafetensors(path);
  checkMasks(masks, model, parameters);
  for (const parameter of parameters) {
    if (masks.tensors.has(parameter.name)) parameter.mask = await masks.readBytes(parameter.name);
  }
}

/** Whether tensors of a dtype may be masks. */
export function isMaskDtype(dtype: Dtype): boolean {
  return dtype === 'U8' || dtype === 'BOOL';
}

/** Checks the header of a file of masks. */
export function checkMasks(
  masks: SafetensorsFile,
  model: TensorReader,
  parameters: readonly Pick<Parameter, 'name' | 'shape'>[],
): void {
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  for (const { name, dtype, shape } of masks.tensors.values()) {
    const refuse = (problem: string): never => {
      const words = `${masks.path}: the mask "${name}" ${problem}`;
      throw new WoodFisherError('ERR_WOODFISHER_FORMAT', words, { parameter: name });
    };
    if (!model.tensors.has(name)) refuse(`is of a tensor that ${model.path} does not have`);
    const expected = shapes.get(name);
    if (expected === undefined) continue;
    if (!isMaskDtype(dtype)) refuse(`must be U8 or BOOL, but is ${dtype}`);
    if (shape.join() !== expected.join()) {
      refuse(`must have the shape [${expected}] of its tensor, but has [${shape}]`);
    }
  }
}

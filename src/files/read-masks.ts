import { WoodFisherError } from '../errors.js';
import { openSafetensors } from '../formats/safetensors/reader.js';
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
  for (const { name, dtype, shape } of masks.tensors.values()) {
    const refuse = (problem: string): never => {
      throw new WoodFisherError('ERR_WOODFISHER_FORMAT', `${path}: the mask "${name}" ${problem}`, {
        parameter: name,
      });
    };
    if (!model.tensors.has(name)) refuse(`is of a tensor that ${model.path} does not have`);
    const parameter = parameters.find((one) => one.name === name);
    if (parameter === undefined) continue;
    if (dtype !== 'U8' && dtype !== 'BOOL') refuse(`must be U8 or BOOL, but is ${dtype}`);
    if (shape.join() !== parameter.shape.join()) {
      refuse(`must have the shape [${parameter.shape}] of its tensor, but has [${shape}]`);
    }
    parameter.mask = await masks.readBytes(name);
  }
}

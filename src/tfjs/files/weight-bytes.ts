import type * as tfTypes from '@tensorflow/tfjs';
import { formatError, quote } from '../../formats/errors.js';

type WeightSpec = tfTypes.io.WeightsManifestEntry;

/** Bytes of a value in a weight file, as it is or as the TensorFlow.js converter has quantised it. */
const BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

/**
 * The bytes that the weights of a manifest take. TensorFlow.js decodes quantised ones when it loads them:
 * uint8 and uint16 to min + scale · value, float16 to the float32 of the same value.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT` for a type that no LayersModel has.
 */
export function weightBytes(file: string, weights: readonly WeightSpec[]): number {
  return weights.reduce((sum, { name, shape, dtype, quantization }) => {
    const type: string = quantization?.dtype ?? dtype;
    const bytes = BYTES[type];
    if (bytes === undefined) {
      const types = Object.keys(BYTES).join(', ');
      const problem = `weight ${quote(`${name}`)} must be of one of ${types}, but is of ${quote(`${type}`)}`;
      throw formatError(file, problem, { parameter: `${name}` });
    }
    if (Array.isArray(shape) && shape.every((axis) => Number.isSafeInteger(axis) && axis >= 0)) {
      return sum + bytes * shape.reduce((product, axis) => product * axis, 1);
    }
    const problem = `weight ${quote(`${name}`)} must have a shape of whole numbers`;
    throw formatError(file, problem, { parameter: `${name}` });
  }, 0);
}

import { reworded, WoodFisherError } from '../errors.js';
import { flatIndex } from '../files/region.js';
import { regionOf, type Slab } from './slice.js';

/** An error about a slice as one about its tensor: with the index and the block as they are there. */
export function inTensor(error: unknown, slab: Slab): unknown {
  if (!(error instanceof WoodFisherError)) return error;
  const { code, message, details } = error;
  const slice = slab.find(({ shape }) => shape.name === details.parameter);
  if (slice === undefined) return error;
  const { block, index } = details;
  if (code === 'ERR_WOODFISHER_NOT_POSITIVE_DEFINITE' && block !== undefined) {
    const whole = block + slice.fromBlock;
    const words = message.replace(`block ${block} `, `block ${whole} `);
    return reworded(error, words, { ...details, block: whole });
  }
  if (code === 'ERR_WOODFISHER_NONFINITE' && index !== undefined && /^gradient /.test(message)) {
    const whole = flatIndex(regionOf(slice), index);
    const words = message.replace(`gradient ${index} `, `gradient ${whole} `);
    return reworded(error, words, { ...details, index: whole });
  }
  return error;
}

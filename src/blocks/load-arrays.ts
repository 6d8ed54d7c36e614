import { WoodFisherError } from '../errors.js';
import { fillInPieces, inPieces } from '../memory/pieces.js';
import type { Parameter } from '../parameters.js';
import { type BlockShape, sizeOf } from './block-shape.js';
import type { BlockedParameter } from './blocked-parameter.js';
import { toBlockOrder } from './layout.js';

/** Copies weights (the model's layout) into `out` (block order); refuses what is not finite. */
export async function loadWeights(
  parameter: BlockedParameter,
  data: Float32Array,
  out: Float32Array,
): Promise<void> {
  checkLength(parameter.name, 'weights', data, parameter.modelSize);
  await inPieces(data.length, (begin, end) => {
    for (let i = begin; i < end; i++) {
      if (!Number.isFinite(data[i])) throw nonFiniteWeight(parameter.name, i, data[i]);
    }
  });
  await toBlockOrder(parameter.order, data, out);
  if (parameter.size === parameter.modelSize - parameter.prunedBefore) return;
  await inPieces(out.length, (begin, end) => {
    for (let c = begin; c < end; c++) if (parameter.mask[c] === 0) out[c] = 0;
  });
}

/** Copies a mask (the model's layout, 1 = kept) into `out` (block order); returns its zeros. */
export async function loadMask(
  { name, order, modelSize }: BlockShape,
  mask: Uint8Array | undefined,
  out: Uint8Array,
): Promise<number> {
  if (mask === undefined) {
    await fillInPieces(out, 1);
    return 0;
  }
  checkLength(name, 'mask', mask, modelSize);
  const zeros = await countZeros(name, mask);
  await toBlockOrder(order, mask, out);
  return zeros;
}

/** Zeros of a mask; refuses what is neither 0 nor 1. */
export async function countZeros(name: string, mask: Uint8Array): Promise<number> {
  let zeros = 0;
  await inPieces(mask.length, (begin, end) => {
    for (let i = begin; i < end; i++) {
      if (mask[i] > 1) {
        throw new WoodFisherError(
          'ERR_WOODFISHER_SHAPE',
          `the mask of parameter "${name}" must hold 0 and 1, but holds ${mask[i]} at index ${i}`,
          { parameter: name, index: i, value: mask[i] },
        );
      }
      zeros += 1 - mask[i];
    }
  });
  return zeros;
}

/** Refuses an array whose length is not the parameter's size. */
export function checkLength(
  name: string,
  what: string,
  array: ArrayLike<number>,
  size: number,
): void {
  if (array.length === size) return;
  throw new WoodFisherError(
    'ERR_WOODFISHER_SHAPE',
    `the ${what} of parameter "${name}" must have ${size} elements, but has ${array.length}`,
    { parameter: name, value: array.length },
  );
}

/** Refuses data that are not as long as their shape says. */
export function checkData(parameters: readonly Parameter[]): void {
  for (const { name, shape, data } of parameters) {
    if (!(data instanceof Float32Array)) {
      throw new WoodFisherError(
        'ERR_WOODFISHER_SHAPE',
        `the data of parameter "${name}" must be a Float32Array`,
        { parameter: name },
      );
    }
    checkLength(name, `data, by its shape [${shape}],`, data, sizeOf(shape));
  }
}

/** A weight that is not a number, by its index in the tensor. */
export function nonFiniteWeight(parameter: string, index: number, value: number): WoodFisherError {
  return new WoodFisherError(
    'ERR_WOODFISHER_NONFINITE',
    `weight ${index} of parameter "${parameter}" must be finite, but is ${value}`,
    { parameter, index, value },
  );
}

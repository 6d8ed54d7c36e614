import type { AxisOrder } from '../engine/kernels.js';
import { WoodFisherError } from '../errors.js';
import type { Lease } from '../memory/arena.js';
import { fillInPieces, inPieces } from '../memory/pieces.js';
import type { Parameter } from '../parameters.js';
import { axisOrder, toBlockOrder } from './layout.js';

/** A prunable parameter as the engines see it: block order, shared memory, cut into blocks. */
export interface BlockedParameter {
  name: string;
  shape: readonly number[];
  size: number;
  order: AxisOrder;
  /** First weight of each block and, last, `size`; blocks are at most `blockSize` long. */
  starts: Uint32Array;
  blockCount: number;
  /** Weights of the longest block. */
  blockOrder: number;
  /** 1 = still there. Block order. */
  mask: Uint8Array;
  prunedBefore: number;
  /** Block order; 0 where pruned before. */
  weights: Float32Array;
}

const LARGEST = 2 ** 32 - 1;

/** Whether a parameter takes part in pruning. */
export function isPrunable(parameter: Parameter): boolean {
  return parameter.prunable ?? parameter.shape.length >= 2;
}

/** Checks all parameters and lays the prunable ones out for the engines. */
export async function blockParameters(
  parameters: readonly Parameter[],
  blockSize: number,
  lease: Lease,
): Promise<BlockedParameter[]> {
  checkParameters(parameters);
  const blocked: BlockedParameter[] = [];
  for (const parameter of parameters.filter(isPrunable)) {
    blocked.push(await blockParameter(parameter, blockSize, lease));
  }
  return blocked;
}

/** Copies weights (the model's layout) into `out` (block order); refuses what is not finite. */
export async function loadWeights(
  parameter: BlockedParameter,
  data: Float32Array,
  out: Float32Array,
): Promise<void> {
  checkLength(parameter.name, 'weights', data, parameter.size);
  await inPieces(data.length, (begin, end) => {
    for (let i = begin; i < end; i++) {
      if (!Number.isFinite(data[i])) throw nonFiniteWeight(parameter.name, i, data[i]);
    }
  });
  await toBlockOrder(parameter.order, data, out);
  if (parameter.prunedBefore === 0) return;
  await inPieces(out.length, (begin, end) => {
    for (let c = begin; c < end; c++) if (parameter.mask[c] === 0) out[c] = 0;
  });
}

/** Copies a mask (the model's layout, 1 = kept) into `out` (block order); returns its zeros. */
export async function loadMask(
  name: string,
  order: AxisOrder,
  mask: Uint8Array | undefined,
  out: Uint8Array,
): Promise<number> {
  if (mask === undefined) {
    await fillInPieces(out, 1);
    return 0;
  }
  checkLength(name, 'mask', mask, out.length);
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
  await toBlockOrder(order, mask, out);
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

async function blockParameter(
  parameter: Parameter,
  blockSize: number,
  lease: Lease,
): Promise<BlockedParameter> {
  const { name, shape, data, outputAxis = 0 } = parameter;
  const size = data.length;
  const blockCount = Math.ceil(size / blockSize);
  const starts = lease.uint32(blockCount + 1);
  for (let b = 0; b < blockCount; b++) starts[b] = b * blockSize;
  starts[blockCount] = size;
  const order = axisOrder(shape, outputAxis);
  const mask = lease.uint8(size);
  const prunedBefore = await loadMask(name, order, parameter.mask, mask);
  const blocked: BlockedParameter = {
    name,
    shape,
    size,
    order,
    starts,
    blockCount,
    blockOrder: Math.min(blockSize, size),
    mask,
    prunedBefore,
    weights: lease.float32(size),
  };
  await loadWeights(blocked, data, blocked.weights);
  return blocked;
}

function checkParameters(parameters: readonly Parameter[]): void {
  const names = new Set<string>();
  for (const parameter of parameters) {
    const { name, shape, data } = parameter;
    if (names.has(name)) {
      throw shapeError(name, `two parameters are named "${name}"; names must be unique`);
    }
    names.add(name);
    if (!(data instanceof Float32Array)) {
      throw shapeError(name, `the data of parameter "${name}" must be a Float32Array`);
    }
    if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0)) {
      throw shapeError(
        name,
        `the shape of parameter "${name}" must be whole numbers, but is [${shape}]`,
      );
    }
    checkLength(
      name,
      `data, by its shape [${shape}],`,
      data,
      shape.reduce((a, b) => a * b, 1),
    );
    if (!isPrunable(parameter)) continue;
    const axis = parameter.outputAxis ?? 0;
    if (!Number.isInteger(axis) || axis < -shape.length || axis >= Math.max(shape.length, 1)) {
      throw shapeError(
        name,
        `outputAxis of parameter "${name}" must be an axis of its shape [${shape}], but is ${axis}`,
      );
    }
    if (data.length === 0 || data.length > LARGEST) {
      throw shapeError(
        name,
        `parameter "${name}" must have from 1 to ${LARGEST} weights, but has ${data.length}; set prunable: false to keep it as it is`,
      );
    }
  }
  if (!parameters.some(isPrunable)) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_MISSING',
      'no parameter is prunable: tensors of one axis (biases, normalisation) are left alone unless prunable: true says otherwise',
    );
  }
}

function shapeError(parameter: string, message: string): WoodFisherError {
  return new WoodFisherError('ERR_WOODFISHER_SHAPE', message, { parameter });
}

function nonFiniteWeight(parameter: string, index: number, value: number): WoodFisherError {
  return new WoodFisherError(
    'ERR_WOODFISHER_NONFINITE',
    `weight ${index} of parameter "${parameter}" must be finite, but is ${value}`,
    { parameter, index, value },
  );
}

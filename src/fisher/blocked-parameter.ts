import type { AxisOrder } from '../engine/kernels.js';
import { WoodFisherError } from '../errors.js';
import { cutBlocks } from '../groups/cut-blocks.js';
import { type ParsedPattern, UNSTRUCTURED } from '../groups/pattern.js';
import type { Lease } from '../memory/arena.js';
import type { ArrayPlan } from '../memory/array-plan.js';
import { fillInPieces, inPieces } from '../memory/pieces.js';
import type { Parameter } from '../parameters.js';
import { type BlockShape, blockShape, checkShapes, isPrunable, sizeOf } from './block-shape.js';
import { toBlockOrder } from './layout.js';

/** A prunable parameter as the engines see it: block order, shared memory, cut into blocks. */
export interface BlockedParameter extends BlockShape {
  /** First weight of each block and, last, `size`; blocks are at most `blockSize` long. */
  starts: Uint32Array;
  /** 1 = still there. Block order. */
  mask: Uint8Array;
  prunedBefore: number;
  /** Block order; 0 where pruned before. */
  weights: Float32Array;
}

/** How parameters are laid out. */
export interface BlockSettings {
  blockSize: number;
  /** Default: unstructured. */
  pattern?: ParsedPattern;
  /** Declares that weights which are 0 have been pruned. Default false. */
  zerosArePruned?: boolean;
}

/** Checks all parameters and lays the prunable ones out for the engines. */
export async function blockParameters(
  parameters: readonly Parameter[],
  settings: BlockSettings,
  lease: Lease,
): Promise<BlockedParameter[]> {
  checkShapes(parameters);
  checkData(parameters);
  const blocked: BlockedParameter[] = [];
  for (const parameter of parameters.filter(isPrunable)) {
    blocked.push(await blockParameter(parameter, settings, lease));
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
  { blockSize, pattern = UNSTRUCTURED, zerosArePruned = false }: BlockSettings,
  lease: Lease,
): Promise<BlockedParameter> {
  const shape = blockShape(parameter, blockSize, pattern);
  checkTile(shape, pattern, blockSize);
  const { name, size, order, groups } = shape;
  const { starts, mask, weights } = lease.arrays(weightArrays(shape));
  let block = 0;
  for (const begin of cutBlocks(size, blockSize, groups?.grid)) starts[block++] = begin;
  const prunedBefore = await loadMask(name, order, parameter.mask, mask);
  const blocked: BlockedParameter = { ...shape, starts, mask, prunedBefore, weights };
  await loadWeights(blocked, parameter.data, weights);
  if (zerosArePruned) await declareZeros(blocked);
  return blocked;
}

/** Weights that are 0 leave the mask. */
async function declareZeros(parameter: BlockedParameter): Promise<void> {
  const { mask, weights } = parameter;
  await inPieces(weights.length, (begin, end) => {
    for (let c = begin; c < end; c++) {
      if (weights[c] !== 0 || mask[c] === 0) continue;
      mask[c] = 0;
      weights[c] = 0; // not −0
      parameter.prunedBefore++;
    }
  });
}

/** Refuses blocks too small for groups that may not lie in two of them. */
function checkTile({ name, groups }: BlockShape, pattern: ParsedPattern, blockSize: number): void {
  if (pattern.kind !== 'neighbours' && pattern.kind !== 'subsets') return;
  const tile = (groups?.grid?.size ?? 0) * (groups?.grid?.step ?? 0);
  if (tile <= blockSize || groups?.count === 0) return;
  throw new WoodFisherError(
    'ERR_WOODFISHER_OPTION',
    `blockSize must be at least ${tile} for pattern ${pattern.text}, whose groups reach over so many weights of parameter "${name}", but is ${blockSize}`,
    { option: 'blockSize', parameter: name, value: blockSize },
  );
}

/** The arrays of a parameter that a run has from its beginning to its end. */
export function weightArrays({ size, blockCount }: BlockShape) {
  return {
    starts: ['uint32', blockCount + 1],
    mask: ['uint8', size],
    weights: ['float32', size],
  } as const satisfies ArrayPlan;
}

function checkData(parameters: readonly Parameter[]): void {
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

function nonFiniteWeight(parameter: string, index: number, value: number): WoodFisherError {
  return new WoodFisherError(
    'ERR_WOODFISHER_NONFINITE',
    `weight ${index} of parameter "${parameter}" must be finite, but is ${value}`,
    { parameter, index, value },
  );
}

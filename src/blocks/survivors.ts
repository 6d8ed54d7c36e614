import type { Lease } from '../memory/arena.js';
import { fillInPieces, inPieces } from '../memory/pieces.js';
import type { Parameter } from '../parameters.js';
import { type BlockShape, checkShapes, isPrunable, type ParameterShape } from './block-shape.js';
import type { BlockedParameter } from './blocked-parameter.js';
import { blocksOf } from './cut-blocks.js';
import { walk } from './layout.js';
import { checkData, checkLength, countZeros, loadWeights } from './load-arrays.js';
import { parameterArrays, placeArrays } from './parameter-arrays.js';

// Compact blocks: a run of at most blockSize weights that are still there, in block order. The engines
// see a parameter of these weights alone; `places` says which of the model's they are.

/** The shapes of parameters with how many of their weights are still there, for what is planned beforehand. */
export async function shapesOfSurvivors(
  parameters: readonly Parameter[],
  zerosArePruned: boolean,
): Promise<ParameterShape[]> {
  checkShapes(parameters);
  checkData(parameters);
  const shapes: ParameterShape[] = [];
  for (const parameter of parameters) {
    const prunable = isPrunable(parameter);
    const survivors = prunable ? await countSurvivors(parameter, zerosArePruned) : undefined;
    shapes.push({ ...parameter, survivors });
  }
  return shapes;
}

/** Weights of a parameter that are still there. */
export async function countSurvivors(
  { name, data, mask }: Pick<Parameter, 'name' | 'data' | 'mask'>,
  zerosArePruned: boolean,
): Promise<number> {
  if (mask !== undefined) checkLength(name, 'mask', mask, data.length);
  const zeros = mask === undefined ? 0 : await countZeros(name, mask);
  if (!zerosArePruned) return data.length - zeros;
  let survivors = 0;
  await inPieces(data.length, (begin, end) => {
    for (let i = begin; i < end; i++) if (data[i] !== 0 && mask?.[i] !== 0) survivors++;
  });
  return survivors;
}

/** Lays out the weights that are still there; `shape` says how many these are. */
export async function gatherSurvivors(
  { data, mask }: Parameter,
  shape: BlockShape,
  { blockSize, zerosArePruned = false }: { blockSize: number; zerosArePruned?: boolean },
  lease: Lease,
): Promise<BlockedParameter> {
  const { size, modelSize, order } = shape;
  const arrays = parameterArrays(shape, blockSize, lease);
  const { places } = lease.arrays(placeArrays(shape));
  let there = 0;
  await walk(order, modelSize, (place, model) => {
    if (mask?.[model] === 0 || (zerosArePruned && data[model] === 0)) return;
    places[there++] = place;
  });
  await fillInPieces(arrays.mask, 1);
  const parameter = {
    ...{ ...shape, ...arrays, order: { ...order, places } },
    prunedBefore: modelSize - size,
  };
  await loadWeights(parameter, data, arrays.weights);
  return parameter;
}

/**
 * The parameter with blocks cut anew from the weights that `mask` keeps. Its own arrays and the mask
 * are given back, one after the other, so that less memory is taken at no time than before.
 */
export async function regroupSurvivors(
  parameter: BlockedParameter,
  mask: Uint8Array,
  pruned: number,
  blockSize: number,
  lease: Lease,
): Promise<BlockedParameter> {
  const size = parameter.size - pruned;
  const { order, prunedBefore } = parameter;
  const shape = { ...parameter, size, ...blocksOf(size, blockSize) };
  const { places } = lease.arrays(placeArrays(shape));
  let there = 0;
  await inPieces(mask.length, (begin, end) => {
    for (let c = begin; c < end; c++) {
      if (mask[c] !== 0) places[there++] = order.places?.[c] ?? c;
    }
  });
  if (order.places !== undefined) lease.release(order.places);
  const arrays = parameterArrays(shape, blockSize, lease);
  let kept = 0;
  await inPieces(mask.length, (begin, end) => {
    for (let c = begin; c < end; c++) {
      if (mask[c] !== 0) arrays.weights[kept++] = parameter.weights[c];
    }
  });
  await fillInPieces(arrays.mask, 1);
  for (const array of [parameter.starts, parameter.mask, parameter.weights, mask]) {
    lease.release(array);
  }
  return {
    ...{ ...shape, ...arrays, order: { ...order, places } },
    prunedBefore: prunedBefore + pruned,
  };
}

import type { AxisOrder } from '../engine/kernels.js';
import { WoodFisherError } from '../errors.js';
import { type BlockLayout, MAX_ARRAY_BYTES } from '../options.js';
import { blocksOf } from './cut-blocks.js';
import { groupLayout, type ParameterGroups } from './parameter-groups.js';
import { type ParsedPattern, UNSTRUCTURED } from './pattern.js';

/** A parameter without its data. */
export interface ParameterShape {
  name: string;
  shape: readonly number[];
  /** Axis of the outputs (negative counts from the end). Default 0. */
  outputAxis?: number;
  /** Default: true for tensors of two or more axes. */
  prunable?: boolean;
  /** Weights that are still there, as far as that is known; compact blocks are cut from them. Default: all. */
  survivors?: number;
}

/** How parameters are cut. */
export interface CutSettings {
  blockSize: number;
  /** Default: unstructured. */
  pattern?: ParsedPattern;
  /** Default `parameter`. */
  blocks?: BlockLayout;
}

/** How a prunable parameter is cut into blocks. */
export interface BlockShape {
  name: string;
  shape: readonly number[];
  /** Weights that blocks hold: all, or with compact blocks those that are still there. */
  size: number;
  /** Weights of the model's tensor. */
  modelSize: number;
  /** Counted from the first axis. */
  outputAxis: number;
  order: AxisOrder;
  /** Blocks hold weights of the same input, not of the same output; see GroupLayout. */
  transposed: boolean;
  /** What is pruned as one; absent where single weights are, or named sets. */
  groups?: ParameterGroups;
  blockCount: number;
  /** Weights of the longest block. */
  blockOrder: number;
}

/** Sums are float64, one a weight. */
const LARGEST = Math.floor(MAX_ARRAY_BYTES / 8);

/** Whether a parameter takes part in pruning. */
export function isPrunable({ prunable, shape }: ParameterShape): boolean {
  return prunable ?? shape.length >= 2;
}

/** The prunable parameters, cut into blocks of at most `blockSize`; refuses shapes that may not be. */
export function blockShapes(
  parameters: readonly ParameterShape[],
  settings: CutSettings,
): BlockShape[] {
  checkShapes(parameters);
  return parameters.filter(isPrunable).map((parameter) => blockShape(parameter, settings));
}

/** How one parameter is cut. */
export function blockShape(
  parameter: ParameterShape,
  { blockSize, pattern = UNSTRUCTURED, blocks }: CutSettings,
): BlockShape {
  const { name, shape } = parameter;
  const modelSize = sizeOf(shape);
  const size = blocks === 'compact' ? (parameter.survivors ?? modelSize) : modelSize;
  const layout = groupLayout(parameter, pattern);
  const { outputAxis = 0 } = parameter;
  const axis = outputAxis < 0 ? outputAxis + shape.length : outputAxis;
  return {
    name,
    shape,
    size,
    modelSize,
    outputAxis: axis,
    ...layout,
    ...blocksOf(size, blockSize, layout.groups?.grid),
  };
}

/** Number of elements of a tensor. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Refuses names, shapes and axes that may not be, and a model without a prunable parameter. */
export function checkShapes(parameters: readonly ParameterShape[]): void {
  const names = new Set<string>();
  for (const { name, shape } of parameters) {
    if (names.has(name)) {
      throw shapeError(name, `two parameters are named "${name}"; names must be unique`);
    }
    names.add(name);
    if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0)) {
      throw shapeError(
        name,
        `the shape of parameter "${name}" must be whole numbers, but is [${shape}]`,
      );
    }
  }
  const prunable = parameters.filter(isPrunable);
  for (const { name, shape, outputAxis = 0 } of prunable) {
    const size = sizeOf(shape);
    if (
      !Number.isInteger(outputAxis) ||
      outputAxis < -shape.length ||
      outputAxis >= Math.max(shape.length, 1)
    ) {
      throw shapeError(
        name,
        `outputAxis of parameter "${name}" must be an axis of its shape [${shape}], but is ${outputAxis}`,
      );
    }
    if (size === 0 || size > LARGEST) {
      throw shapeError(
        name,
        `parameter "${name}" must have from 1 to ${LARGEST} weights, but has ${size}; set prunable: false to keep it as it is`,
      );
    }
  }
  if (prunable.length === 0) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_MISSING',
      'no parameter is prunable: tensors of one axis (biases, normalisation) are left alone unless prunable: true says otherwise',
    );
  }
}

function shapeError(parameter: string, message: string): WoodFisherError {
  return new WoodFisherError('ERR_WOODFISHER_SHAPE', message, { parameter });
}

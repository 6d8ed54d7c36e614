import type { AxisOrder, GroupGrid } from '../engine/kernels.js';
import { WoodFisherError } from '../errors.js';
import { axisOrder } from './layout.js';
import type { ParsedPattern } from './pattern.js';

/** The groups of one parameter, in block order. */
export interface ParameterGroups {
  count: number;
  /** Weights of a group. */
  size: number;
  /** Weights in no group. */
  dense: number;
  /** Where group numbers stand in the model's layout, by their first weights: it decides ties. */
  order: AxisOrder;
  /** Absent where groups are not made of neighbours along an axis. */
  grid?: GroupGrid;
  /** The group of weight c, or −1. */
  of(c: number): number;
}

/** How a parameter is laid out for a pattern. */
export interface GroupLayout {
  order: AxisOrder;
  /** Blocks hold weights of the same input: outputs and inputs have changed places. */
  transposed: boolean;
  groups?: ParameterGroups;
}

/** Name, shape and axis of the outputs of a parameter. */
interface Shaped {
  name: string;
  shape: readonly number[];
  outputAxis?: number;
}

/** Block order and groups of a parameter; named sets are laid out by `resolveSets`. */
export function groupLayout(parameter: Shaped, pattern: ParsedPattern): GroupLayout {
  const { shape, outputAxis = 0 } = parameter;
  const order = axisOrder(shape, outputAxis);
  const inner = order.before * order.after;
  switch (pattern.kind) {
    case 'rows': {
      const grid = { size: inner, length: inner, step: 1 };
      return {
        order,
        transposed: false,
        groups: gridGroups(grid, inner * order.outputs, order.outputs, [1, 1]),
      };
    }
    case 'columns':
      return { order, transposed: false, groups: columnGroups(parameter, pattern, order) };
    case 'neighbours':
    case 'subsets':
      return pattern.axis === 'in'
        ? { order, transposed: false, groups: alongInputs(parameter, pattern, order) }
        : alongOutputs(parameter, pattern, order);
    default:
      return { order, transposed: false };
  }
}

/** Groups along the axis of the inputs: blocks stay as they are. */
function alongInputs(
  parameter: Shaped,
  pattern: ParsedPattern & { size: number },
  { outputs, before, after }: AxisOrder,
): ParameterGroups {
  const { length, step, inAfter } = inputAxis(parameter, pattern);
  const grid = { size: pattern.size, length, step };
  const whole = Math.floor(length / pattern.size);
  const axes: [number, number] = inAfter
    ? [before, (after / length) * whole]
    : [(before / length) * whole, after];
  return gridGroups(grid, outputs * before * after, outputs, axes);
}

/** Groups along the axis of the outputs: those are innermost in the blocks then. */
function alongOutputs(
  { name, shape }: Shaped,
  { size, text }: ParsedPattern & { size: number },
  { outputs, before, after }: AxisOrder,
): GroupLayout {
  if (before > 1 && after > 1) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_SHAPE',
      `pattern ${text} along patternAxis out needs the outputs on the first or last axis, but those of parameter "${name}" are inside [${shape}]`,
      { parameter: name },
    );
  }
  const grid = { size, length: outputs, step: 1 };
  const whole = Math.floor(outputs / size);
  const inputs = before * after;
  return before === 1
    ? {
        order: { outputs: inputs, before: outputs, after: 1 },
        transposed: true,
        groups: gridGroups(grid, inputs * outputs, inputs, [whole, 1]),
      }
    : {
        order: { outputs: inputs, before: 1, after: outputs },
        transposed: true,
        groups: gridGroups(grid, inputs * outputs, inputs, [1, whole]),
      };
}

/** Groups of a grid over `weights`: outputs · before · after of them. */
function gridGroups(
  grid: GroupGrid,
  weights: number,
  outputs: number,
  [before, after]: [number, number],
): ParameterGroups {
  const { size, length, step } = grid;
  const count = outputs * before * after;
  const whole = Math.floor(length / size);
  const run = length * step;
  const tile = size * step;
  return {
    count,
    size,
    dense: weights - count * size,
    order: { outputs, before, after },
    grid,
    of: (c) => {
      const at = c % run;
      const t = Math.floor(at / tile);
      return t < whole ? (Math.floor(c / run) * whole + t) * step + (at % step) : -1;
    },
  };
}

/** All weights of an input: one place along its axis, everything along the others. */
function columnGroups(
  parameter: Shaped,
  pattern: ParsedPattern,
  { outputs, before, after }: AxisOrder,
): ParameterGroups {
  const { length, step } = inputAxis(parameter, pattern);
  return {
    count: length,
    size: (outputs * before * after) / length,
    dense: 0,
    order: { outputs: length, before: 1, after: 1 },
    of: (c) => Math.floor(c / step) % length,
  };
}

/** The axis of the inputs in block order: its length, and the weights from one place to the next. */
function inputAxis(
  { name, shape, outputAxis = 0 }: Shaped,
  { text }: ParsedPattern,
): { length: number; step: number; inAfter: boolean } {
  const output = outputAxis < 0 ? outputAxis + shape.length : outputAxis;
  if (shape.length < 2) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_SHAPE',
      `pattern ${text} needs an axis of inputs, but parameter "${name}" has the shape [${shape}]; set prunable: false to keep it as it is`,
      { parameter: name },
    );
  }
  const axis = output === 0 ? 1 : output - 1;
  const step = shape.reduce((product, length, i) => {
    return i > axis && i !== output ? product * length : product;
  }, 1);
  return { length: shape[axis], step, inAfter: axis > output };
}

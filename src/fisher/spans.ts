import type { BlockShape } from './block-shape.js';
import type { BlockedParameter } from './blocked-parameter.js';

/** A chunk of the Fisher state: whole blocks of one parameter in one buffer. */
export interface StateChunk {
  firstBlock: number;
  endBlock: number;
  states: Float64Array;
  /** Rounding errors of the sums in `states`; empty until there have been many. */
  lowOrder: Float64Array;
  /** dual: the samples, in place of `states`; else empty. */
  rows: Float32Array;
}

/** Blocks [from, to) of one parameter. */
export interface SpanShape {
  parameter: BlockShape;
  /** Position of the parameter among those of the run. */
  index: number;
  from: number;
  to: number;
}

/** The same with its data, and the chunk of state that the blocks lie in where there is one. */
export interface Span extends SpanShape {
  parameter: BlockedParameter;
  chunk?: StateChunk;
}

/** About 5 ms for the native engine: a task costs 150 µs to send. In flops, or as many bytes. */
const TASK_COST = 5e7;

/** All blocks of all parameters. */
export function wholeParameters<P extends BlockShape>(
  parameters: readonly P[],
): (SpanShape & { parameter: P })[] {
  return parameters.map((parameter, index) => ({
    parameter,
    index,
    from: 0,
    to: parameter.blockCount,
  }));
}

/**
 * Cuts spans into tasks of about the same cost, whole blocks each. The cut depends on the sizes
 * alone, never on the number of threads.
 */
export function cutIntoTasks<S extends SpanShape>(
  spans: readonly S[],
  costOfBlock: (order: number) => number,
  taskCost = TASK_COST,
): S[][] {
  const tasks: S[][] = [];
  let task: S[] = [];
  let room = taskCost;
  for (const span of spans) {
    const cost = Math.max(costOfBlock(span.parameter.blockOrder), 1);
    for (let from = span.from; from < span.to; ) {
      const blocks = Math.min(Math.max(1, Math.floor(room / cost)), span.to - from);
      task.push({ ...span, from, to: from + blocks });
      from += blocks;
      room -= blocks * cost;
      if (room >= cost) continue;
      tasks.push(task);
      task = [];
      room = taskCost;
    }
  }
  if (task.length > 0) tasks.push(task);
  return tasks;
}

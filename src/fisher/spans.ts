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

/** Blocks [from, to) of one parameter, and the chunk of state they lie in where there is one. */
export interface Span {
  parameter: BlockedParameter;
  /** Position of the parameter among those of the run. */
  index: number;
  from: number;
  to: number;
  chunk?: StateChunk;
}

/** Flops of a task, about 10 ms for the native engine: sending one takes 0.3 ms of both sides. */
const TASK_FLOPS = 4e8;

/** Tasks come in fours where there is work for four, so that two or four threads end together. */
const TASKS_TOGETHER = 4;

/** Bytes that a task moves which does little else. */
export const TASK_BYTES = 5e7;

/** All blocks of all parameters. */
export function wholeParameters(parameters: readonly BlockedParameter[]): Span[] {
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
export function cutIntoTasks(
  spans: readonly Span[],
  costOfBlock: (order: number) => number,
  taskCost = TASK_FLOPS,
): Span[][] {
  const costs = spans.map(({ parameter }) => Math.max(costOfBlock(parameter.blockOrder), 1));
  const total = spans.reduce((sum, { from, to }, i) => sum + (to - from) * costs[i], 0);
  const share = total / taskCount(total / taskCost);
  const tasks: Span[][] = [];
  let task: Span[] = [];
  let room = share;
  for (const [i, span] of spans.entries()) {
    for (let from = span.from; from < span.to; ) {
      const blocks = Math.min(Math.max(1, Math.round(room / costs[i])), span.to - from);
      task.push({ ...span, from, to: from + blocks });
      from += blocks;
      room -= blocks * costs[i];
      if (room >= costs[i] / 2) continue;
      tasks.push(task);
      task = [];
      room += share;
    }
  }
  if (task.length > 0) tasks.push(task);
  return tasks;
}

/** Tasks for so many times the work of one. */
function taskCount(works: number): number {
  if (works <= 1 / TASKS_TOGETHER) return 1;
  return Math.ceil(works / TASKS_TOGETHER) * TASKS_TOGETHER;
}

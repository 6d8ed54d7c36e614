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

/** What is cut into blocks: a parameter, or the groups of one. */
export interface Blocks {
  blockCount: number;
  /** Entries of the longest block. */
  blockOrder: number;
}

/** Blocks [from, to) of one parameter. */
export interface SpanShape {
  parameter: Blocks;
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

/** Flops of a task, about 10 ms for the native engine: sending one takes 0.3 ms of both sides. */
const TASK_FLOPS = 4e8;

/** Bytes that a task moves which does little else. */
const TASK_BYTES = 5e7;

/** Tasks come in fours where there is work for four, so that two or four threads end together. */
const TASKS_TOGETHER = 4;

/** How many tasks so many flops are cut into. */
export function tasksOfFlops(flops: number): number {
  const works = flops / TASK_FLOPS;
  return works * TASKS_TOGETHER <= 1 ? 1 : Math.ceil(works / TASKS_TOGETHER) * TASKS_TOGETHER;
}

/** How many tasks the moving of so many bytes is cut into. */
export function tasksOfBytes(bytes: number): number {
  return Math.ceil(bytes / TASK_BYTES);
}

/** All blocks of all parameters. */
export function wholeParameters<P extends Blocks>(
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
 * Cuts spans into tasks of about the same cost, whole blocks each; `countOf` says into how many. The
 * cut depends on the sizes alone, never on the number of threads.
 */
export function cutIntoTasks<S extends SpanShape>(
  spans: readonly S[],
  costOfBlock: (order: number) => number,
  countOf: (cost: number) => number = tasksOfFlops,
): S[][] {
  const costs = spans.map(({ parameter }) => Math.max(costOfBlock(parameter.blockOrder), 1));
  const total = spans.reduce((sum, { from, to }, i) => sum + (to - from) * costs[i], 0);
  const share = total / countOf(total);
  const tasks: S[][] = [];
  let task: S[] = [];
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

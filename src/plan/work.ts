import type { SolverName, UpdateRule } from '../engine/kernels.js';
import type { BlockShape } from '../fisher/block-shape.js';
import type { RunPlan } from './run-plan.js';

/**
 * Flops (a multiply and an add each counted) of the phases that take time. Only of interest beside
 * each other and beside a measured rate: for dual `accumulate` counts the values that are stored.
 */
export interface Work {
  accumulate: number;
  invert: number;
  /** Of greedy selection; other scores take next to no time. */
  score: number;
  update: number;
}

/** Flops of a run for N samples; `samples` stands in where the plan does not know N. */
export function workOf(plan: RunPlan, samples = plan.samples ?? 0): Work {
  const { shapes, solver, criterion, update, run } = plan;
  if (solver === undefined) return { accumulate: 0, invert: 0, score: 0, update: 0 };
  const { name } = solver;
  const inverts = run === 'fisher' || criterion === 'woodfisher';
  const removed = run === 'prune' ? plan.sparsity : 0;
  return {
    accumulate: samples * overBlocks(shapes, (order) => accumulateFlops(name, order)),
    invert: inverts ? overBlocks(shapes, (order) => invertFlops(name, order, samples)) : 0,
    score:
      plan.selection === 'greedy' && run === 'prune'
        ? overBlocks(shapes, (order) => greedyFlops(name, order, samples))
        : 0,
    update:
      removed > 0
        ? overBlocks(shapes, (order) => updateFlops(name, update, order, samples, removed))
        : 0,
  };
}

/** Of one sample of a block. */
export function accumulateFlops(solver: SolverName, order: number): number {
  if (solver === 'dual') return order;
  return (solver === 'gram' ? 1 : 3) * order * (order + 1);
}

/** Of D of a block. */
export function invertFlops(solver: SolverName, order: number, samples: number): number {
  if (solver === 'dual') return 2 * samples ** 2 * order + samples ** 3 / 3;
  return solver === 'gram' ? (2 / 3) * order ** 3 : order;
}

/** Of a trace of a block: P, and its removals. */
export function greedyFlops(solver: SolverName, order: number, samples: number): number {
  if (solver === 'woodbury') return order ** 3 / 3;
  const sums = solver === 'dual' ? samples * order ** 2 : 0;
  return (5 / 3) * order ** 3 + sums;
}

/** Of the update of a block that loses the fraction `removed` of its weights, its prediction included. */
export function updateFlops(
  solver: SolverName,
  rule: UpdateRule,
  order: number,
  samples: number,
  removed: number,
): number {
  const kept = (1 - removed) * order;
  const pruned = removed * order;
  if (solver === 'dual') {
    const system = samples ** 3 / 3;
    const product = 4 * samples * order;
    if (rule === 'joint') return samples ** 2 * kept + system + product;
    return rule === 'independent' ? 3 * samples ** 2 * order + 2 * system + product : product;
  }
  const product = 2 * order ** 2;
  if (solver === 'gram') {
    if (rule === 'joint') return kept ** 3 / 3 + 2 * product;
    return rule === 'independent' ? order ** 3 + 2 * product : product;
  }
  const predicted = order ** 3 / 3;
  return predicted + product + (rule === 'joint' ? pruned ** 3 / 3 : 0);
}

/** Sum over all blocks, the short last ones by their own order. */
function overBlocks(shapes: readonly BlockShape[], flops: (order: number) => number): number {
  return shapes.reduce((sum, { size, blockCount, blockOrder }) => {
    const full = Math.min(blockCount - 1, Math.floor(size / blockOrder));
    const rest = (size - full * blockOrder) / (blockCount - full);
    return sum + full * flops(blockOrder) + (blockCount - full) * flops(rest);
  }, 0);
}

import type { BlockShape } from '../blocks/block-shape.js';
import { accumulateFlops, greedyFlops, invertFlops, updateFlops } from '../solvers/flops.js';
import { kfacFlops } from './kfac.js';
import { invertsBlocks, isKfac, type RunPlan } from './run-settings.js';

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
  const { shapes, solver, update, run } = plan;
  if (solver === undefined) return { accumulate: 0, invert: 0, score: 0, update: 0 };
  const { name } = solver;
  const removed = run === 'prune' ? plan.sparsity : 0;
  const kfac = isKfac(plan) ? kfacFlops(shapes) : undefined;
  return {
    accumulate:
      samples * (kfac?.sample ?? overBlocks(shapes, (order) => accumulateFlops(name, order))),
    invert: invertsBlocks(plan)
      ? (kfac?.invert ?? 0) + overBlocks(shapes, (order) => invertFlops(name, order, samples))
      : 0,
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

/** Sum over all blocks, the short last ones by their own order. */
function overBlocks(shapes: readonly BlockShape[], flops: (order: number) => number): number {
  return shapes.reduce((sum, { size, blockCount, blockOrder }) => {
    if (blockCount === 0) return sum;
    const full = Math.min(blockCount - 1, Math.floor(size / blockOrder));
    const rest = (size - full * blockOrder) / (blockCount - full);
    return sum + full * flops(blockOrder) + (blockCount - full) * flops(rest);
  }, 0);
}

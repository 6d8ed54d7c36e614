import type { SolverName, UpdateRule } from '../engine/kernels.js';

// Flops of a block of `order` weights, a multiply and an add each counted; N is `samples`.

/** Of the sums of one sample; for dual the values that are stored. */
export function accumulateFlops(solver: SolverName, order: number): number {
  if (solver === 'dual') return order;
  return (solver === 'gram' ? 1 : 3) * order * (order + 1);
}

/** Of D = diag(F⁻¹). */
export function invertFlops(solver: SolverName, order: number, samples: number): number {
  if (solver === 'dual') return 2 * samples ** 2 * order + samples ** 3 / 3;
  return solver === 'gram' ? (2 / 3) * order ** 3 : order;
}

/** Of a greedy trace: P, and its removals. */
export function greedyFlops(solver: SolverName, order: number, samples: number): number {
  if (solver === 'woodbury') return order ** 3 / 3;
  const sums = solver === 'dual' ? samples * order ** 2 : 0;
  return (5 / 3) * order ** 3 + sums;
}

/** Of the update where the block loses the fraction `removed` of its weights, its prediction included. */
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

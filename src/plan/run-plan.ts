import { blockShapes, sizeOf } from '../blocks/block-shape.js';
import { kfacSolver } from '../criteria/check-kfac.js';
import type { SolverName } from '../engine/kernels.js';
import { chooseSolver } from '../solvers/choose.js';
import { memoryOf } from './memory.js';
import { isKfac, type RunPlan, type RunSettings } from './run-settings.js';

/**
 * Cuts the parameters into blocks and chooses the solver: a pure function, the same on every machine.
 *
 * @param memoryLimit Bytes that `auto` weighs; never what the machine happens to have.
 * @throws {WoodFisherError} for shapes that may not be, and a solver that needs more than is known.
 */
export function planRun(settings: RunSettings, memoryLimit?: number): RunPlan {
  const shapes = blockShapes(settings.parameters, settings);
  const allWeights = settings.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const plan = { ...settings, shapes, allWeights, solver: undefined };
  const { solver, samples, damping, form } = settings;
  if (solver === undefined) return plan;
  if (isKfac(settings)) {
    const factored = new Set(shapes.map(({ name }) => name));
    return { ...plan, factored, solver: kfacSolver(solver) };
  }
  const withSolver = (name: SolverName): RunPlan => ({ ...plan, solver: { name, reason: '' } });
  const chosen = chooseSolver(solver, {
    blockSize: Math.max(...shapes.map(({ blockOrder }) => blockOrder)),
    samples,
    damping,
    form,
    fits:
      memoryLimit === undefined
        ? undefined
        : (name) => memoryOf(withSolver(name)).total <= memoryLimit,
  });
  return { ...plan, solver: chosen };
}

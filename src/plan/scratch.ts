import type { SolverName } from '../engine/kernels.js';
import type { RunPlan } from './run-plan.js';

/** Bytes of scratch in all threads together, by kernel. */
export interface ScratchBytes {
  accumulate: number;
  invert: number;
  update: number;
}

/** Columns of a group of blocks, samples of a panel, and columns of the dual system packed at a time. */
const GROUP_COLUMNS = 512;
const PANEL_SAMPLES = 129;
const DUAL_DEPTH = 256;

/** Samples of a step of woodbury. */
const STEP_SAMPLES = 16;

/**
 * What kernels take while they run, as large as the native ones make it; the JavaScript engine stays
 * below. Every thread may work on the widest block at the same time.
 */
export function scratchBytes({ shapes, solver, samples = 0, threads }: RunPlan): ScratchBytes {
  if (solver === undefined) return { accumulate: 0, invert: 0, update: 0 };
  const widest = padded(Math.max(...shapes.map(({ blockOrder }) => blockOrder)));
  const bytes = (float64: number): number => 8 * float64 * threads;
  const inverse = inverseScratch(solver.name, widest, samples);
  return {
    accumulate: bytes(accumulateScratch(solver.name, widest)),
    invert: bytes(solver.name === 'woodbury' ? 0 : inverse),
    update: bytes(5 * widest + inverse),
  };
}

function accumulateScratch(solver: SolverName, widest: number): number {
  if (solver === 'gram') return Math.max(GROUP_COLUMNS, widest) * PANEL_SAMPLES;
  return solver === 'woodbury' ? widest ** 2 + 2 * STEP_SAMPLES * widest : 0;
}

/** Two matrices of the widest block; for dual the system of the samples, its packed columns and W. */
function inverseScratch(solver: SolverName, widest: number, samples: number): number {
  if (solver !== 'dual') return 2 * widest ** 2;
  const n = padded(samples);
  return n * (n + DUAL_DEPTH + 2 + widest);
}

/** Rows and columns are padded to whole vectors. */
function padded(order: number): number {
  return Math.ceil(order / 8) * 8;
}

import type { SolverName } from '../engine/kernels.js';
import type { RunPlan } from './run-settings.js';

/** Bytes of scratch in all threads together, by kernel. */
export interface ScratchBytes {
  accumulate: number;
  invert: number;
  score: number;
  update: number;
}

/** Rows of a packed panel of samples, and columns of the dual system packed at a time. */
const PANEL_ROWS = 129;
const DUAL_DEPTH = 256;

/** Blocks up to this order are inverted so many at a time, one in each lane of a vector. */
const LANE_ORDER = 256;
const LANES = 8;

/** Samples of a step of woodbury. */
const STEP_SAMPLES = 16;

/**
 * What kernels take while they run, as large as the native ones make it; the JavaScript engine stays
 * below. Every thread may work on the widest block at the same time.
 */
export function scratchBytes(plan: RunPlan): ScratchBytes {
  const { shapes, solver, samples = 0, selection, threads } = plan;
  if (solver === undefined) return { accumulate: 0, invert: 0, score: 0, update: 0 };
  const widest = padded(Math.max(...shapes.map(({ blockOrder }) => blockOrder)));
  const bytes = (float64: number): number => 8 * float64 * threads;
  const matrices = matrixScratch(solver.name, widest, samples);
  return {
    accumulate: bytes(accumulateScratch(solver.name, widest)),
    invert: bytes(invertScratch(solver.name, widest, matrices)),
    score: selection === 'greedy' ? bytes(6 * widest + 2 * widest ** 2) : 0,
    update: bytes(5 * widest + matrices),
  };
}

export function accumulateScratch(solver: SolverName, widest: number): number {
  if (solver === 'gram') return widest * (PANEL_ROWS + 1);
  return solver === 'woodbury' ? widest ** 2 + (2 * STEP_SAMPLES + 1) * widest : 0;
}

function invertScratch(solver: SolverName, widest: number, matrices: number): number {
  if (solver !== 'gram') return solver === 'dual' ? matrices : 0;
  const n = Math.min(widest, LANE_ORDER);
  return Math.max(matrices, LANES * (n ** 2 + n + (n * (n + 1)) / 2));
}

/** Two matrices of the widest block; for dual the system of the samples, its packed columns and W. */
function matrixScratch(solver: SolverName, widest: number, samples: number): number {
  if (solver !== 'dual') return 2 * widest ** 2;
  const n = padded(samples);
  return n * (n + DUAL_DEPTH + 2 + widest);
}

/** Rows and columns are padded to whole vectors. */
export function padded(order: number): number {
  return Math.ceil(order / 8) * 8;
}

import type { SolverName } from '../engine/kernels.js';
import { optionError, WoodFisherError } from '../errors.js';

export type SolverOption = 'auto' | SolverName;
export const SOLVER_OPTIONS: readonly SolverOption[] = ['auto', 'woodbury', 'gram'];

/** The solver of a run, and why. */
export interface ChosenSolver {
  name: SolverName;
  reason: string;
}

/**
 * Chooses how the inverse is made. A pure function of what is known beforehand, so that a resumed
 * or distributed run chooses the same.
 *
 * Flops per block, N samples and B weights: gram N·B² for the sums and ⅔·B³ for the diagonal;
 * woodbury 3·N·B². gram also serves other dampings, merges, and is the more accurate one, so it is
 * taken unless woodbury needs at most half of its flops.
 */
export function chooseSolver(
  option: SolverOption,
  { blockSize, samples, damping }: { blockSize: number; samples?: number; damping?: number },
): ChosenSolver {
  if (!SOLVER_OPTIONS.includes(option)) {
    throw optionError('solver', `one of ${SOLVER_OPTIONS.join(', ')}`, option);
  }
  if (option === 'gram') return { name: 'gram', reason: 'asked for' };
  if (option === 'woodbury') {
    if (samples === undefined || damping === undefined) {
      const missing = samples === undefined ? 'samples' : 'damping';
      throw new WoodFisherError(
        'ERR_WOODFISHER_OPTION',
        `solver "woodbury" needs ${missing} before the first sample, since every step of its recursion uses it; give ${missing}, or use solver "gram"`,
        { option: missing },
      );
    }
    return { name: 'woodbury', reason: 'asked for' };
  }
  if (samples === undefined) {
    return { name: 'gram', reason: 'the number of samples is not known beforehand' };
  }
  const gram = samples * blockSize ** 2 + (2 / 3) * blockSize ** 3;
  const woodbury = 3 * samples * blockSize ** 2;
  if (damping !== undefined && 2 * woodbury <= gram) {
    return {
      name: 'woodbury',
      reason: `N = ${samples} is small beside B = ${blockSize}: ${flops(woodbury)} flops a block against ${flops(gram)} by gram`,
    };
  }
  return {
    name: 'gram',
    reason: `for N = ${samples} and B = ${blockSize}: ${flops(gram)} flops a block against ${flops(woodbury)} by woodbury`,
  };
}

function flops(n: number): string {
  return n.toExponential(1).replace('e+', 'e');
}

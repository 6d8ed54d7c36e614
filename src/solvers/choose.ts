import type { SolverName } from '../engine/kernels.js';
import { optionError, WoodFisherError } from '../errors.js';
import type { Damping } from '../options.js';
import { invertFlops } from './flops.js';
import { type FisherForm, isPlain } from './form.js';

export type SolverOption = 'auto' | SolverName;
export const SOLVER_OPTIONS: readonly SolverOption[] = ['auto', 'gram', 'dual', 'woodbury'];

/** The solver of a run, and why. */
export interface ChosenSolver {
  name: SolverName;
  reason: string;
}

/**
 * Chooses how the inverse is made. A pure function of what is known beforehand, never of a measured
 * time, so that a resumed or distributed run chooses the same.
 *
 * Flops per block of B weights with N samples: gram N·B² for the sums and ⅔·B³ for the diagonal;
 * dual 2·N²·B + ⅓·N³, without any B×B matrix, but only for N < 0.8·B, since its accuracy ends at
 * N = B; woodbury 3·N·B², never less than the better of the two. Of dual's flops each counts
 * {@link DUAL_COST}. Where the choice by arithmetic does not fit the memory and the other one does,
 * it is the other one.
 */
export function chooseSolver(option: SolverOption, known: KnownBeforehand): ChosenSolver {
  if (!SOLVER_OPTIONS.includes(option)) {
    throw optionError('solver', `one of ${SOLVER_OPTIONS.join(', ')}`, option);
  }
  if (option !== 'auto') {
    checkNeeds(option, known);
    checkForm(option, known);
    return { name: option, reason: 'asked for' };
  }
  const { blockSize, samples, fits, form } = known;
  if (samples === undefined) {
    return { name: 'gram', reason: 'the number of samples is not known beforehand' };
  }
  if (form !== undefined && !isPlain(form)) {
    return { name: 'gram', reason: `${formNeeds(form)} sums over the samples` };
  }
  const faster = byArithmetic(blockSize, samples);
  if (!dualIsAccurate(blockSize, samples) || fits === undefined || fits(faster.name)) return faster;
  const other = faster.name === 'gram' ? 'dual' : 'gram';
  if (!fits(other)) return faster;
  return {
    name: other,
    reason: `for N = ${samples} and B = ${blockSize} ${faster.name} takes more memory than memoryLimit allows, and ${other} fits`,
  };
}

/** Whether `dual` is as accurate as the others. */
export function dualIsAccurate(blockSize: number, samples: number): boolean {
  return samples < DUAL_LIMIT * blockSize;
}

/** The most samples for which `dual` is as accurate as the others. */
export function mostDualSamples(blockSize: number): number {
  return Math.ceil(DUAL_LIMIT * blockSize) - 1;
}

function byArithmetic(blockSize: number, samples: number): ChosenSolver {
  const gram = samples * blockSize ** 2 + invertFlops('gram', blockSize, samples);
  const dual = DUAL_COST * invertFlops('dual', blockSize, samples);
  if (dualIsAccurate(blockSize, samples) && dual < gram) {
    return {
      name: 'dual',
      reason: `N = ${samples} is small beside B = ${blockSize}: the time of ${flops(dual)} flops a block against ${flops(gram)} by gram`,
    };
  }
  return {
    name: 'gram',
    reason: `N = ${samples} is not small beside B = ${blockSize}: ${flops(gram)} flops a block`,
  };
}

/** `dual` is as accurate as the others below this fraction of B samples. */
const DUAL_LIMIT = 0.8;

/**
 * Time of a flop of dual in flops of gram. By flops of sums and inverse alone dual would win below
 * N = 0.8·B; measured, in processor time of whole runs with the joint update, the two are even at
 * N/B = 0.52 (B = 50), 0.54 (100), 0.67 (200), 0.69 (500) and 0.71 (1000): dual's update factors an
 * N×N system again, and gram inverts small blocks in lanes. The factor puts the rule at 0.62, where
 * neither takes much more than a tenth over the other (docs/methods.md has the measurement).
 */
const DUAL_COST = 1.5;

/** What a solver may need to know before the first sample. */
export interface KnownBeforehand {
  /** Weights of the longest block. */
  blockSize: number;
  samples?: number;
  damping?: Damping;
  /** Default: F = λI + (1/N) Σ g gᵀ. */
  form?: FisherForm;
  /** Whether a run with this solver fits the memory that it may take; absent: no limit was set. */
  fits?: (solver: SolverName) => boolean;
}

function formNeeds({ centred }: FisherForm): string {
  return centred ? 'a centred Fisher needs' : 'fisherScale "examples" needs';
}

function checkForm(solver: SolverName, { form }: KnownBeforehand): void {
  if (form === undefined || solver === 'gram') return;
  const scaled = form.scale !== 1 && solver === 'dual';
  if (!form.centred && !scaled) return;
  const why =
    solver === 'dual'
      ? 'keeps the samples as float32, as they come'
      : 'cannot take the mean out of an inverse';
  throw new WoodFisherError(
    'ERR_WOODFISHER_OPTION',
    `${formNeeds(form)} solver "gram": "${solver}" ${why}`,
    { option: form.centred ? 'centred' : 'fisherScale', value: solver },
  );
}

function checkNeeds(solver: SolverName, { blockSize, samples, damping }: KnownBeforehand): void {
  if (solver === 'gram') return;
  const missing = samples === undefined ? 'samples' : damping === undefined ? 'damping' : undefined;
  if (missing === 'samples' || (solver === 'woodbury' && missing === 'damping')) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      `solver "${solver}" needs ${missing} before the first sample; give ${missing}, or use solver "gram"`,
      { option: missing },
    );
  }
  if (solver === 'woodbury' && typeof damping === 'object') {
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      'solver "woodbury" starts from λ, and a relative damping is known only when all samples are in; use solver "gram"',
      { option: 'damping', value: damping.relative },
    );
  }
  if (solver === 'dual' && samples !== undefined && samples >= blockSize) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      `solver "dual" is accurate only with fewer samples than a block has weights, but there are ${samples} samples and blocks of ${blockSize}; use solver "gram"`,
      { option: 'solver', value: solver },
    );
  }
}

function flops(n: number): string {
  return n.toExponential(1).replace('e+', 'e');
}

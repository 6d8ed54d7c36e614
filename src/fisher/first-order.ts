import { optionError } from '../errors.js';

/** The gradient term in saliency and update: α and h = F⁻¹ḡ, an array per parameter in block order. */
export interface FirstOrderTerm {
  /** α, 0 … 1. */
  step: number;
  inverseGradient: readonly Float64Array[];
}

/** The term of one parameter as jobs have it. */
export function firstOrderOf(term: FirstOrderTerm | undefined, index: number) {
  if (term === undefined || term.step === 0) return {};
  return { step: term.step, inverseGradient: term.inverseGradient[index] };
}

/** Validates α, the value of `firstOrder` or of its `step`. */
export function checkStep(step: number): number {
  if (typeof step !== 'number' || !(step >= 0 && step <= 1)) {
    throw optionError('firstOrder', 'a step from 0 to 1', step);
  }
  return step;
}

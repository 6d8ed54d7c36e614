import { optionError } from '../errors.js';
import { checkChoice, checkWhole } from '../options.js';

/**
 * On what scale F is when a sample is the mean of m examples. `samples`: F = λI + (1/N) Σ g gᵀ as in the
 * paper. `examples`: F = λI + (m/N) Σ g gᵀ, which has the expectation of that of single examples (beside
 * the mean gradient's share), so that λ and predicted losses mean the same for any m.
 */
export type FisherScale = 'samples' | 'examples';
export const FISHER_SCALES: readonly FisherScale[] = ['samples', 'examples'];

/** Options that say which matrix the Fisher of the samples is. */
export interface FisherFormOptions {
  /** Examples whose mean loss a gradient sample is the gradient of. Default 1. */
  examplesPerSample?: number;
  /** Default `samples`. */
  fisherScale?: FisherScale;
  /**
   * Leave the mean gradient's share out: F = λI + (1/N) Σ (g − ḡ)(g − ḡ)ᵀ, the covariance of the
   * gradients. Away from an optimum, where ḡ is not 0, that share is no curvature. Default false.
   */
  centred?: boolean;
}

/** The same with its defaults. */
export interface FisherForm extends Required<FisherFormOptions> {
  /** What Σ g gᵀ / N is multiplied by: m, or 1. */
  scale: number;
}

export const PLAIN_FORM: FisherForm = {
  examplesPerSample: 1,
  fisherScale: 'samples',
  centred: false,
  scale: 1,
};

/** Whether F is λI + (1/N) Σ g gᵀ. */
export function isPlain({ scale, centred }: FisherForm): boolean {
  return scale === 1 && !centred;
}

export function checkForm({
  examplesPerSample = 1,
  fisherScale,
  centred = false,
}: FisherFormOptions): FisherForm {
  checkWhole('examplesPerSample', examplesPerSample);
  if (typeof centred !== 'boolean') throw optionError('centred', 'true or false', centred);
  const by = checkChoice('fisherScale', FISHER_SCALES, fisherScale, 'samples');
  const scale = by === 'examples' ? examplesPerSample : 1;
  return { examplesPerSample, fisherScale: by, centred, scale };
}

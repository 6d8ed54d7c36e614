import type { FirstOrder } from '../kernels.js';

/** αh_c by weight: what a removal measures the weight from. */
export function firstOrderShift({ step = 0, inverseGradient }: FirstOrder): (c: number) => number {
  if (step === 0) return () => 0;
  if (inverseGradient === undefined) throw new TypeError('a step needs inverseGradient');
  return (c) => step * inverseGradient[c];
}

import type * as tfjs from '@tensorflow/tfjs';

/** Changes the step size of an optimizer between its steps. */
export function setStepSize(optimizer: tfjs.Optimizer, rate: number): void {
  // The types make it protected.
  (optimizer as unknown as { learningRate: number }).learningRate = rate;
}

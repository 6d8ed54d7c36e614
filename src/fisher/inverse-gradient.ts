import type { BlockShape } from '../blocks/block-shape.js';
import type { ArrayPlan } from '../memory/array-plan.js';
import { inPieces } from '../memory/pieces.js';
import type { RunContext } from '../pool/run-context.js';
import type { FisherState } from './fisher-state.js';
import type { Lambda } from './lambda.js';
import { multiplyInverse } from './multiply.js';

/** h of a parameter. */
export function inverseGradientArrays({ size }: BlockShape) {
  return { inverseGradient: ['float64', size] } as const satisfies ArrayPlan;
}

/** h = F⁻¹ḡ, ḡ the mean gradient: an array per parameter, in block order, on the run's memory. */
export async function inverseGradient(
  context: RunContext,
  state: FisherState,
  damping: Lambda,
): Promise<Float64Array[]> {
  const h = state.parameters.map(
    (shape) => context.lease.arrays(inverseGradientArrays(shape)).inverseGradient,
  );
  const sums = state.parts.map(({ gradientSum }) => gradientSum);
  await multiplyInverse(context, state, damping, sums, h);
  for (const array of h) {
    await inPieces(array.length, (begin, end) => {
      for (let c = begin; c < end; c++) array[c] /= state.samples;
    });
  }
  return h;
}

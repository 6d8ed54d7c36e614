import { inPieces } from '../memory/pieces.js';
import type { RunContext } from '../pool/run-context.js';
import type { FisherState } from './fisher-state.js';
import { multiplyInverse } from './multiply.js';

/** h = F⁻¹ḡ, ḡ the mean gradient: an array per parameter, in block order, on the run's memory. */
export async function inverseGradient(
  context: RunContext,
  state: FisherState,
  damping: number,
): Promise<Float64Array[]> {
  const h = state.parameters.map(({ size }) => context.lease.float64(size));
  const sums = state.parts.map(({ gradientSum }) => gradientSum);
  await multiplyInverse(context, state, damping, sums, h);
  for (const array of h) {
    await inPieces(array.length, (begin, end) => {
      for (let c = begin; c < end; c++) array[c] /= state.samples;
    });
  }
  return h;
}

/** A step that was tried, and the loss there. */
export interface TriedStep {
  step: number;
  loss: number;
}

/** Steps are tried in factors of √10, then of its square root and of the square root of that. */
const FACTOR = Math.sqrt(10);
const REFINEMENTS = 2;

/** Below this a step is no step. */
const SMALLEST_STEP = 1e-3;

/** Where a search starts that knows nothing of a step before. */
const FIRST_STEP = 0.1;

/** Evaluations of a search at most. */
export const MOST_EVALUATIONS = 11;

/**
 * The step α in [0, 1] with the smallest loss among those tried: 0, then downhill from `start` in
 * factors of √10, then around the best in two smaller factors. At most 11 evaluations; with a
 * start near the minimum 6 or 7, and 2 where it starts at 0, which the smallest step stands for, and no
 * step helps. Losses that are not finite count as worse than any other; α = 0 stands unless another step
 * is better.
 *
 * @param start α of the step before; 0.1 where there is none.
 */
export async function lineSearch(
  evaluate: (step: number) => Promise<number>,
  start = FIRST_STEP,
): Promise<{ best: TriedStep; tried: TriedStep[] }> {
  const tried: TriedStep[] = [];
  const attempt = async (step: number): Promise<TriedStep> => {
    const loss = await evaluate(step);
    const one = { step, loss: Number.isFinite(loss) ? loss : Number.POSITIVE_INFINITY };
    tried.push(one);
    return one;
  };
  const none = await attempt(0);
  let best = await attempt(Math.min(1, Math.max(start, SMALLEST_STEP)));
  /** Goes on by a factor while that helps, or while no step is better than none. */
  const walk = async (factor: number): Promise<boolean> => {
    let moved = false;
    for (let at = best; tried.length < MOST_EVALUATIONS; ) {
      const step = at.step * factor;
      if (step > 1 + 1e-9 || step < SMALLEST_STEP * (1 - 1e-9)) return moved;
      at = await attempt(Math.min(step, 1));
      if (at.loss < best.loss) {
        best = at;
        moved = true;
      } else if (factor > 1 || best.loss < none.loss) return moved;
    }
    return moved;
  };
  if (!(best.loss < none.loss && (await walk(FACTOR)))) await walk(1 / FACTOR);
  if (!(best.loss < none.loss)) return { best: none, tried };
  for (let k = 1, factor = Math.sqrt(FACTOR); k <= REFINEMENTS; k++, factor = Math.sqrt(factor)) {
    const { step } = best;
    for (const next of [step * factor, step / factor]) {
      if (next > 1 || tried.length >= MOST_EVALUATIONS) continue;
      const at = await attempt(next);
      if (at.loss < best.loss) best = at;
    }
  }
  return { best, tried };
}

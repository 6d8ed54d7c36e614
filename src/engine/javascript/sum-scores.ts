import type { Status, SumScoresJob } from '../kernels.js';
import { blockDone, CANCELLED, cancelled, DONE } from './control.js';

/** Sums of values between and at thresholds of the scores; see SumScoresJob. */
export function sumScores(job: SumScoresJob): Status {
  const { starts, from, to, control, scores, values, mask, thresholds, sums } = job;
  for (let block = from; block < to; block++) {
    if (cancelled(control)) return CANCELLED;
    for (let c = starts[block]; c < starts[block + 1]; c++) {
      if (mask[c] === 0) continue;
      const j = firstNotBelow(thresholds, scores[c]);
      if (j < thresholds.length) sums[2 * j + (scores[c] === thresholds[j] ? 1 : 0)] += values[c];
    }
    blockDone(control);
  }
  return DONE;
}

/** The first of the ascending thresholds that is at least `score`. */
function firstNotBelow(thresholds: Float64Array, score: number): number {
  let low = 0;
  let high = thresholds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (thresholds[middle] < score) low = middle + 1;
    else high = middle;
  }
  return low;
}

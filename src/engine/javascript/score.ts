import { modelIndex } from '../axis-order.js';
import type { ScoreJob, Status } from '../kernels.js';
import { blockDone, CANCELLED, cancelled, DONE } from './control.js';
import { firstOrderShift } from './first-order.js';
import { randomScore } from './random-score.js';

/** Scores of the weights by the job's criterion. */
export function score(job: ScoreJob): Status {
  const { starts, from, to, control, criterion, weights, diagonal, squareSum, scores } = job;
  const { samples, damping, order } = job;
  const shift = firstOrderShift(job);
  const random = randomScore(job.seed, job.stream);
  for (let block = from; block < to; block++) {
    if (cancelled(control)) return CANCELLED;
    for (let c = starts[block]; c < starts[block + 1]; c++) {
      const w = weights[c];
      if (criterion === 'woodfisher') scores[c] = (w - shift(c)) ** 2 / (2 * diagonal[c]);
      else if (criterion === 'magnitude') scores[c] = Math.abs(w);
      else if (criterion === 'random') scores[c] = random(modelIndex(order, c));
      else scores[c] = (w * w * (damping + squareSum[c] / samples)) / 2;
    }
    blockDone(control);
  }
  return DONE;
}

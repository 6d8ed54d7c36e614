import test from 'ava';
import type { CriterionName, ScoreJob } from '../../../src/engine/kernels.js';
import { engines } from '../engines.js';
import { expectDone } from '../fisher-diagonal.js';
import { Fixture, UNTOUCHED } from '../fixture.js';
import { UNIT } from './close.js';

const EMPTY = new Float64Array(0);

const DEFINITIONS: Record<CriterionName, (job: ScoreJob, c: number) => number> = {
  woodfisher: ({ weights, diagonal }, c) => weights[c] ** 2 / (2 * diagonal[c]),
  'diagonal-fisher': ({ weights, squareSum, samples, damping }, c) =>
    (weights[c] ** 2 * (damping + squareSum[c] / samples)) / 2,
  magnitude: ({ weights }, c) => Math.abs(weights[c]),
};

for (const { name, kernels } of engines) {
  for (const criterion of ['woodfisher', 'diagonal-fisher', 'magnitude'] as const) {
    test(`score: ${criterion}, for the blocks asked for, without the arrays it does not need (${name})`, (t) => {
      const fixture = new Fixture({ solver: 'gram', orders: [65, 1, 200, 33], samples: 10 });
      fixture.estimate(kernels);
      expectDone(kernels.invert(fixture.inversion()));
      const scores = new Float64Array(fixture.size).fill(UNTOUCHED);
      const job: ScoreJob = {
        ...fixture.range(1, 3),
        criterion,
        weights: fixture.weights,
        diagonal: criterion === 'woodfisher' ? fixture.diagonal : EMPTY,
        squareSum: criterion === 'diagonal-fisher' ? fixture.squareSum : EMPTY,
        scores,
      };
      expectDone(kernels.score(job));
      scores.forEach((score, c) => {
        const exact = c >= 65 && c < 266 ? DEFINITIONS[criterion](job, c) : UNTOUCHED;
        t.true(Math.abs(score - exact) <= 4 * UNIT * Math.abs(exact), `${c}: ${score}, ${exact}`);
      });
    });
  }
}

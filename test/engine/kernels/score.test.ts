import test from 'ava';
import type { CriterionName, ScoreJob } from '../../../src/engine/kernels.js';
import { engines } from '../engines.js';
import { expectDone } from '../fisher-diagonal.js';
import { Fixture, UNTOUCHED } from '../fixture.js';
import { UNIT } from './close.js';

const EMPTY = new Float64Array(0);

const DEFINITIONS: Record<CriterionName, (job: ScoreJob, c: number) => number> = {
  woodfisher: ({ weights, diagonal, step = 0, inverseGradient = EMPTY }, c) =>
    (weights[c] - (step === 0 ? 0 : step * inverseGradient[c])) ** 2 / (2 * diagonal[c]),
  'diagonal-fisher': ({ weights, squareSum, samples, damping }, c) =>
    (weights[c] ** 2 * (damping + squareSum[c] / samples)) / 2,
  magnitude: ({ weights }, c) => Math.abs(weights[c]),
};

for (const { name, kernels } of engines) {
  for (const [criterion, step] of [
    ['woodfisher', 0],
    ['woodfisher', 0.3],
    ['diagonal-fisher', 0],
    ['magnitude', 0],
  ] as const) {
    test(`score: ${criterion}, step ${step}, for the blocks asked for, without the arrays it does not need (${name})`, (t) => {
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
        ...(step === 0 ? {} : fixture.firstOrder(kernels, step)),
      };
      expectDone(kernels.score(job));
      scores.forEach((score, c) => {
        const exact = c >= 65 && c < 266 ? DEFINITIONS[criterion](job, c) : UNTOUCHED;
        // The difference w − αh is rounded beside its terms, not beside itself.
        const { step: alpha = 0, inverseGradient } = job;
        const terms = Math.abs(job.weights[c]) + alpha * Math.abs(inverseGradient?.[c] ?? 0);
        const scale = alpha === 0 ? Math.abs(exact) : terms ** 2 / (2 * fixture.diagonal[c]);
        t.true(Math.abs(score - exact) <= 4 * UNIT * scale, `${c}: ${score}, ${exact}`);
      });
    });
  }
}

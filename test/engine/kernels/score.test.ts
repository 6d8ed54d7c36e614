import test from 'ava';
import type { ScoreJob } from '../../../src/engine/kernels.js';
import { engines } from '../engines.js';
import { expectDone } from '../fisher-diagonal.js';
import { Fixture, UNTOUCHED } from '../fixture.js';
import { UNIT } from './close.js';

const EMPTY = new Float64Array(0);

const DEFINITIONS: Record<
  Exclude<ScoreJob['criterion'], 'random'>,
  (job: ScoreJob, c: number) => number
> = {
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
        ...{ order: fixture.order, seed: 0, stream: 0 },
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

/** The finaliser of MurmurHash3 by BigInt, where nothing wraps by itself. */
function finalised(value: bigint): bigint {
  let x = BigInt.asUintN(32, value);
  x = BigInt.asUintN(32, (x ^ (x >> 16n)) * 0x85ebca6bn);
  x = BigInt.asUintN(32, (x ^ (x >> 13n)) * 0xc2b2ae35n);
  return x ^ (x >> 16n);
}

function randomOf(seed: number, stream: number, index: number): number {
  const first = finalised(finalised(BigInt(seed)) + (BigInt(stream) + 1n) * 0x9e3779b9n);
  const second = finalised(first ^ 0x85ebca6bn);
  const high = finalised(finalised(BigInt(index) + first) ^ second);
  const low = finalised(finalised(BigInt(index) + second) ^ first);
  return Number(((high >> 5n) << 26n) + (low >> 6n)) / 2 ** 53;
}

for (const { name, kernels } of engines) {
  test(`score: random is the hash of seed, parameter and index in the model's layout (${name})`, (t) => {
    const order = { outputs: 6, before: 4, after: 5 };
    const fixture = new Fixture({ solver: 'gram', orders: [50, 1, 69], samples: 3, order });
    for (const [seed, stream] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [2 ** 32 - 1, 2 ** 31 + 5],
    ]) {
      const scores = new Float64Array(fixture.size).fill(UNTOUCHED);
      expectDone(
        kernels.score({
          ...fixture.range(1, 3),
          ...{ criterion: 'random', weights: fixture.weights, order, seed, stream, scores },
          ...{ diagonal: EMPTY, squareSum: EMPTY },
        }),
      );
      scores.forEach((score, c) => {
        const [o, rest] = [Math.floor(c / 20), c % 20];
        const index = (Math.floor(rest / 5) * 6 + o) * 5 + (rest % 5);
        t.is(score, c < 50 ? UNTOUCHED : randomOf(seed, stream, index));
      });
      t.is(new Set(scores.subarray(50)).size, 70);
    }
  });
}

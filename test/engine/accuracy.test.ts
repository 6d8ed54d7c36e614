import test from 'ava';
import { loadKernels } from '../../src/engine/engine.js';
import type { SolverName } from '../../src/engine/kernels.js';
import { ENGINES } from '../engines.js';
import {
  cholesky,
  conditionNumber,
  inverseDiagonal,
  scaledFisher,
} from '../oracle/double-double.js';
import { randomArray, seeded } from '../random.js';
import { fisherDiagonal } from './fisher-diagonal.js';

const UNIT = 2 ** -53;

/** Exact D and cond₂(F) of samples [N, order]. */
function exact(samples: Float32Array, order: number, lambda: number) {
  const factor = cholesky(scaledFisher(samples, order, lambda));
  const count = samples.length / order;
  const diagonal = inverseDiagonal(factor).map((d) => d * count);
  return { diagonal, condition: conditionNumber(factor) };
}

/** What is guaranteed: 1e-6 where float64 can know D, 100·cond·2⁻⁵³ beyond. */
function guaranteed(condition: number): number {
  return condition * UNIT < 1e-8 ? 1e-6 : 100 * condition * UNIT;
}

function largestError(actual: Float64Array, expected: Float64Array): number {
  return expected.reduce((worst, d, i) => Math.max(worst, Math.abs(actual[i] - d) / d), 0);
}

/** Gradients whose largest absolute value is `scale`, as different in size as those of a network. */
function gradients(count: number, order: number, scale: number, seed: number): Float32Array {
  const random = seeded(seed);
  const samples = randomArray(count * order, random);
  const sizes = Array.from({ length: order }, () => 10 ** (-3 * random()));
  samples.forEach((g, i) => {
    samples[i] = g * sizes[i % order];
  });
  const largest = samples.reduce((a, g) => Math.max(a, Math.abs(g)), 0);
  return samples.map((g) => (g / largest) * scale);
}

const SOLVERS: SolverName[] = ['gram', 'woodbury', 'dual'];

for (const order of [1, 2, 50, 100, 300]) {
  for (const count of order === 300 ? [90] : [Math.ceil(order / 2), 2 * order + 1]) {
    test(`D is as exact as float64 can know it: B = ${order}, N = ${count}`, async (t) => {
      let [worst, constant] = [0, 0];
      for (const scale of [1e-3, 1e-1, 1]) {
        const samples = gradients(count, order, scale, order + count);
        for (const lambda of order === 300 ? [1e-7] : [1e-9, 1e-7, 1e-5, 1e-3, 1e-1]) {
          const { diagonal, condition } = exact(samples, order, lambda);
          for (const engine of ENGINES) {
            const kernels = await loadKernels(engine);
            for (const solver of SOLVERS) {
              if (solver === 'dual' && count >= 0.8 * order) continue;
              const options = { kernels, solver, samples, order, lambda, batch: 33 };
              const error = largestError(fisherDiagonal(options), diagonal);
              worst = Math.max(worst, error / guaranteed(condition));
              if (condition * UNIT >= 1e-8)
                constant = Math.max(constant, error / (condition * UNIT));
              t.true(
                error <= guaranteed(condition),
                `${engine} ${solver} scale ${scale} λ ${lambda}: ${error} at cond ${condition}`,
              );
            }
          }
        }
      }
      t.log(`error at most ${worst.toFixed(3)} of what is guaranteed`);
      if (constant > 0) t.log(`where cond·2⁻⁵³ ≥ 1e-8: at most ${constant.toFixed(2)} cond·2⁻⁵³`);
    });
  }
}

/** g = base · (1 + 1e-6 noise): sums of almost the same products. */
function nearlyEqual(count: number, order: number, seed: number, constant: boolean): Float32Array {
  const random = seeded(seed);
  const base = constant ? new Float32Array(order).fill(0.1) : randomArray(order, random);
  const samples = new Float32Array(count * order);
  for (let i = 0; i < samples.length; i++) {
    samples[i] = base[i % order] * (1 + 1e-6 * (2 * random() - 1));
  }
  return samples;
}

/** When additions to S begin to keep their rounding errors: as in the library, at once, or never. */
const SWITCHES = [
  ['low order after 400 additions', 400],
  ['from the first', 0],
  ['never', Number.POSITIVE_INFINITY],
] as const;

for (const constant of [false, true]) {
  for (const [count, batches, switches] of [
    [10_000, [1, 128, 1024], SWITCHES],
    [100_000, [1, 128], SWITCHES.slice(0, 1)],
  ] as const) {
    test(`${count} nearly equal gradients, ${constant ? 'of one value' : 'random'}, in batches of ${batches.join(', ')}`, async (t) => {
      const [order, lambda] = [20, 1e-9];
      const samples = nearlyEqual(count, order, count, constant);
      const { diagonal, condition } = exact(samples, order, lambda);
      for (const engine of ENGINES) {
        const kernels = await loadKernels(engine);
        for (const batch of batches) {
          const options = { kernels, solver: 'gram', samples, order, lambda, batch } as const;
          const found = switches.map(([name, plainPanels]) => {
            const error = largestError(fisherDiagonal({ ...options, plainPanels }), diagonal);
            // Without low order there is no promise, but a number to compare with.
            if (plainPanels <= 400) t.true(error <= guaranteed(condition), `${engine}: ${error}`);
            return `${name} ${(error / (condition * UNIT)).toFixed(2)}`;
          });
          t.log(`${engine}, batches of ${batch}, error / (cond·2⁻⁵³): ${found.join(', ')}`);
        }
      }
    });
  }
}

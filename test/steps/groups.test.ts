import test from 'ava';
import { type PruneOptions, prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { randomBatches, randomParameter, seeded } from '../random.js';

const random = seeded(77);
const parameters = [randomParameter('a', [12, 10], random), randomParameter('b', [8, 15], random)];
const source = () => randomBatches(parameters, [30], random);

for (const engine of ENGINES) {
  test(`budgets of several steps: the last is the goal, and masks only grow (${engine})`, async (t) => {
    const cases: { options: Partial<PruneOptions>; pruned: (number | undefined)[] }[] = [
      { options: { pattern: '1x2', sparsity: 0.5 }, pruned: [undefined, undefined, 120] },
      { options: { pattern: 'rows', sparsity: 0.25, schedule: 'linear' }, pruned: [] },
      { options: { sparsity: { b: 0.75 }, schedule: 'geometric' }, pruned: [0, 90, 90] },
      {
        options: { sparsity: 0.5, minSparsity: { a: 0.75 }, maxSparsity: { b: 0.3 } },
        pruned: [undefined, undefined, 120],
      },
      { options: { targetFlops: 0.4, cost: { a: 3 } }, pruned: [] },
      { options: { pattern: '1x5', targetFlops: 0.4, minSparsity: 0.2 }, pruned: [] },
    ];
    for (const { options, pruned } of cases) {
      const seen: Uint8Array[][] = [];
      const result = await prune({
        ...{ parameters, engine, blockSize: 20, steps: 4, update: 'joint' },
        ...options,
        gradients: ({ parameters: now }) => {
          seen.push(now.map(({ mask }) => mask));
          return source();
        },
      });
      seen.push(result.parameters.map(({ mask }) => mask));
      t.is(seen.length, 5);
      for (let step = 1; step < seen.length; step++) {
        seen[step].forEach((mask, p) => {
          t.true(mask.every((kept, i) => kept <= seen[step - 1][p][i]));
        });
      }
      const gone = result.parameters.map(({ mask }) =>
        mask.reduce((sum, kept) => sum + 1 - kept, 0),
      );
      const totals = [gone[0], gone[1], gone[0] + gone[1]];
      pruned.forEach((count, i) => {
        if (count !== undefined) t.is(totals[i], count, JSON.stringify(options));
      });
      const { flops, steps } = result.statistics;
      t.is(
        steps.reduce((sum, { prunedNow }) => sum + prunedNow, 0),
        totals[2],
      );
      if (flops !== null) t.true(flops.after <= (flops.target ?? 0));
      if (options.minSparsity === undefined) continue;
      const floor = typeof options.minSparsity === 'number' ? options.minSparsity : 0.75;
      t.true(gone[0] >= floor * 120);
      if (options.maxSparsity !== undefined) t.true(gone[1] <= 36);
    }
  });
}

test('n:m has one step, and greedy selection single weights', async (t) => {
  const gradients = source;
  const run = (options: Partial<PruneOptions>) => prune({ parameters, gradients, ...options });
  await t.throwsAsync(run({ pattern: '2:4', steps: 2 }), {
    code: 'ERR_WOODFISHER_OPTION',
    message: /steps 2 raises the sparsity from step to step, but pattern "2:4" says it once/,
  });
  await t.throwsAsync(run({ pattern: 'rows', sparsity: 0.5, selection: 'greedy' }), {
    code: 'ERR_WOODFISHER_OPTION',
    message: /selection "greedy" takes one weight at a time, which pattern "rows" does not/,
  });
  await t.throwsAsync(run({ sparsity: { a: 1 }, steps: 2, schedule: 'geometric' }), {
    message: /never comes to sparsity 1/,
  });
});

for (const engine of ENGINES) {
  test(`first order moves the choice of n:m and of groups (${engine})`, async (t) => {
    const data = Float32Array.of(1.3, 1.2, 1.1, 1);
    // F = λI + g gᵀ with g along the last weight, where αh = 1 / (λ + 1) makes it the cheapest.
    const base: Omit<PruneOptions, 'sparsity'> = {
      ...{ parameters: [{ name: 'w', shape: [1, 4], data }], damping: 0.5, engine },
      gradients: [{ w: Float32Array.of(0, 0, 0, 1) }],
    };
    const cases: [Partial<PruneOptions>, masked: number[], plain: number[]][] = [
      [{ pattern: '3:4' }, [1, 1, 1, 0], [1, 1, 0, 1]],
      [{ pattern: '1x2', sparsity: 0.5 }, [1, 1, 0, 0], [0, 0, 1, 1]],
    ];
    const others = 0.5 * data[2] ** 2;
    const last = 1.5 * (1 - 2 / 3) ** 2;
    for (const [options, masked, plain] of cases) {
      const { statistics, ...result } = await prune({
        ...base,
        ...options,
        firstOrder: { step: 1 },
      });
      t.deepEqual([...result.parameters[0].mask], masked);
      const least = statistics.parameters[0].saliency?.[0].value ?? Number.NaN;
      const expected = (options.pattern === '3:4' ? last : others + last) / 2;
      t.true(Math.abs(least - expected) < 1e-6);
      const without = await prune({ ...base, ...options });
      t.deepEqual([...without.parameters[0].mask], plain);
    }
  });
}

import test from 'ava';
import fc from 'fast-check';
import { type Parameter, type PruneOptions, prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { seeded } from '../random.js';

/** Parameters with few different magnitudes, so that there are many ties. */
function tied(seed: number, values: number): Parameter[] {
  const random = seeded(seed);
  return (['a', 'b', 'c'] as const).map((name, i) => {
    const shape = [3 + i, 8 + i];
    const data = new Float32Array(shape[0] * shape[1]).map(
      () => Math.ceil(values * random()) / values,
    );
    return { name, shape, data, outputAxis: i === 1 ? -1 : 0 };
  });
}

const sizes = [24, 36, 50];
const total = 110;

function gone({ mask }: { mask: Uint8Array }): number {
  return mask.reduce((count, kept) => count + 1 - kept, 0);
}

/** Weights in the order in which they go, by magnitude, as [parameter, index]. */
function ranked(
  parameters: readonly Parameter[],
  cost: readonly number[] = [1, 1, 1],
  power = 0,
): [number, number][] {
  return parameters
    .flatMap(({ data }, p) => [...data.keys()].map((i): [number, number] => [p, i]))
    .map(([p, i]) => ({ p, i, score: Math.abs(parameters[p].data[i]) / cost[p] ** power }))
    .toSorted((a, b) => a.score - b.score || a.p - b.p || a.i - b.i)
    .map(({ p, i }) => [p, i]);
}

function masksWithout(parameters: readonly Parameter[], pruned: readonly [number, number][]) {
  const masks = parameters.map(({ data }) => new Uint8Array(data.length).fill(1));
  for (const [p, i] of pruned) masks[p][i] = 0;
  return masks.map((mask) => [...mask]);
}

for (const engine of ENGINES) {
  const run = (parameters: Parameter[], options: Partial<PruneOptions>) =>
    prune({ parameters, criterion: 'magnitude', engine, blockSize: 7, threads: 2, ...options });

  test(`floors and ceilings hold exactly, and the total with them (${engine})`, async (t) => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const plans = fc.record({
      seed: fc.nat(),
      values: fc.constantFrom(2, 5, 1e6),
      bounds: fc.array(fc.tuple(share, share), { minLength: 3, maxLength: 3 }),
      share,
    });
    const property = fc.asyncProperty(plans, async ({ seed, values, bounds, share: place }) => {
      const parameters = tied(seed, values);
      const count = (s: number, p: number): number => Math.floor(s * sizes[p] + 0.5);
      const low = bounds.map(([a, b]) => Math.min(a, b));
      const high = bounds.map(([a, b]) => Math.max(a, b));
      const least = low.reduce((sum, s, p) => sum + count(s, p), 0);
      const most = high.reduce((sum, s, p) => sum + count(s, p), 0);
      const wanted = least + Math.round(place * (most - least));
      const named = (shares: readonly number[]) => ({ a: shares[0], b: shares[1], c: shares[2] });
      const { parameters: pruned } = await run(parameters, {
        sparsity: wanted / total,
        minSparsity: named(low),
        maxSparsity: named(high),
      });
      // One by one: the cheapest that its parameter may still lose, once all floors are met.
      const order = ranked(parameters);
      const chosen = new Set<[number, number]>();
      const own = [0, 0, 0];
      for (const item of order) {
        if (own[item[0]] >= count(low[item[0]], item[0])) continue;
        chosen.add(item);
        own[item[0]]++;
      }
      for (const item of order) {
        if (chosen.size === wanted) break;
        if (chosen.has(item) || own[item[0]] >= count(high[item[0]], item[0])) continue;
        chosen.add(item);
        own[item[0]]++;
      }
      t.deepEqual(
        pruned.map(({ mask }) => [...mask]),
        masksWithout(parameters, [...chosen]),
      );
    });
    await t.notThrowsAsync(fc.assert(property, { numRuns: 25 }));
  });

  test(`a FLOPs target is met, and would not be without the last weight (${engine})`, async (t) => {
    const cost = [7, 1, 30];
    const named = { a: 7, b: 1, c: 30 };
    const dense = sizes.reduce((sum, size, p) => sum + size * cost[p], 0);
    for (const values of [3, 1e6]) {
      const parameters = tied(5, values);
      for (const costPower of [undefined, 0, 0.5]) {
        for (const targetFlops of [1, 0.8, 0.5, 0.01, 0, 900, 333]) {
          for (const sparsity of [undefined, 0.3, 0.9]) {
            const { parameters: pruned, statistics } = await run(parameters, {
              ...{ targetFlops, cost: named, costPower, sparsity },
            });
            const limit = targetFlops <= 1 ? Math.floor(targetFlops * dense) : targetFlops;
            const left = (count: readonly number[]) =>
              count.reduce((sum, n, p) => sum + (sizes[p] - n) * cost[p], 0);
            const expected: [number, number][] = [];
            const own = [0, 0, 0];
            for (const item of ranked(parameters, cost, costPower ?? 1)) {
              const enough = expected.length >= Math.floor((sparsity ?? 0) * total + 0.5);
              if (enough && left(own) <= limit) break;
              expected.push(item);
              own[item[0]]++;
            }
            t.deepEqual(
              pruned.map(({ mask }) => [...mask]),
              masksWithout(parameters, expected),
            );
            t.deepEqual(statistics.flops, {
              dense,
              before: dense,
              after: left(own),
              target: limit,
            });
          }
        }
      }
    }
  });

  test(`a FLOPs target over groups is met within one group (${engine})`, async (t) => {
    const parameters = tied(9, 1e6);
    for (const pattern of ['1x2', 'rows', 'columns'] as const) {
      for (const targetFlops of [0.7, 0.3]) {
        const { statistics } = await run(parameters, {
          ...{ pattern, targetFlops, cost: { a: 5 } },
        });
        const { after = Number.NaN, target } = statistics.flops ?? {};
        const largest = Math.max(5 * 8, 9, 10, 5 * 3, 4, 5);
        t.true(after <= (target ?? 0));
        t.true(after > (target ?? 0) - (pattern === '1x2' ? 10 : largest));
      }
    }
  });

  test(`counts are exact over groups with many ties, in the model's order (${engine})`, async (t) => {
    const parameters = tied(3, 1);
    for (const [sparsity, groups] of [
      [0, 0],
      [1 / total, 1],
      [2 / total, 1],
      [3 / total, 2],
      [40 / total, 20],
    ] as const) {
      const { parameters: pruned } = await run(parameters, { sparsity, pattern: '1x2' });
      const counts = pruned.map(gone);
      t.is(counts[0] + counts[1] + counts[2], 2 * groups);
      // [3, 8]: pairs of the first parameter in order; then those of [4, 9] with outputs last,
      // pairs along axis 0, whose first weights stand in the rows 0 and 2.
      const first = pruned[0].mask.indexOf(1);
      t.is(first === -1 ? 24 : first, Math.min(24, 2 * groups));
      if (groups !== 20) continue;
      const expected = Array.from({ length: 36 }, (_, i) => Number(i >= 18 || i % 9 >= 8));
      t.deepEqual([...pruned[1].mask], expected);
    }
  });

  test(`a sparsity by parameter prunes those and no others (${engine})`, async (t) => {
    const parameters = tied(4, 4);
    const { parameters: pruned, statistics } = await run(parameters, {
      sparsity: { a: 0.5, c: 0.9 },
    });
    t.deepEqual(pruned.map(gone), [12, 0, 45]);
    t.deepEqual(statistics.targetSparsity, { a: 0.5, c: 0.9 });
  });
}

test('a short last group stays dense, and what it makes impossible is refused', async (t) => {
  const parameters = tied(6, 9);
  const run = (options: Partial<PruneOptions>) =>
    prune({ parameters, criterion: 'magnitude', blockSize: 7, ...options });
  const { parameters: pruned, statistics } = await run({ sparsity: 90 / total, pattern: '1x3' });
  // [3, 8] along 8, [4, 9] along 4, [5, 10] along 10.
  t.deepEqual(
    statistics.parameters.map(({ groups }) => groups?.dense),
    [6, 9, 5],
  );
  t.is(statistics.totals.prunedNow, 90);
  t.true(pruned[0].mask.every((kept, i) => i % 8 < 6 || kept === 1));
});

test('budgets that contradict each other, the pattern or the model are refused, with the reason', async (t) => {
  const parameters = tied(1, 9);
  const cases: [Partial<PruneOptions>, RegExp][] = [
    [{}, /sparsity is missing: say how much is to be pruned, or give targetFlops/],
    [{ sparsity: 2 }, /sparsity must be a number from 0 to 1, but is 2/],
    [{ sparsity: { a: 2 } }, /sparsity of "a" must be a number from 0 to 1, but is 2/],
    [
      { sparsity: { d: 0.5 } },
      /sparsity names "d", which is no prunable parameter; there are a, b/,
    ],
    [{ sparsity: {} }, /sparsity must be a number from 0 to 1, or one for each/],
    [
      { sparsity: { a: 0.5 }, scope: 'global' },
      /scope and sparsity by parameter do not go together/,
    ],
    [{ sparsity: { a: 0.5 }, targetFlops: 1 }, /targetFlops and sparsity by parameter/],
    [
      { sparsity: 0.5, pattern: '2:4' },
      /sparsity and pattern "2:4" do not go together: the pattern/,
    ],
    [{ targetFlops: 0.5, pattern: '2:4' }, /targetFlops and pattern "2:4" do not go together/],
    [{ scope: 'layer', pattern: '2:4' }, /scope and pattern "2:4" do not go together/],
    [{ sparsity: 0.5, scope: 'layer', targetFlops: 1 }, /targetFlops and scope "layer"/],
    [{ sparsity: 0.5, scope: 'layer', maxSparsity: 1 }, /maxSparsity and scope "layer"/],
    [{ sparsity: 0.5, minSparsity: 0.6 }, /minSparsity asks for 66 more weights .* than the 55/],
    [{ sparsity: 0.5, maxSparsity: 0.4 }, /sparsity asks for 55 .* but maxSparsity leaves 44/],
    [
      { sparsity: 0.5, minSparsity: 0.5, maxSparsity: 0.4 },
      /minSparsity must be at most maxSparsity \(0.4\), but is 0.5/,
    ],
    [
      { sparsity: 0.5, minSparsity: { a: 0.5 }, maxSparsity: 0.4 },
      /minSparsity of parameter "a" must be at most its maxSparsity \(0.4\), but is 0.5/,
    ],
    [{ targetFlops: -1 }, /targetFlops must be a finite number of at least 0, but is -1/],
    [{ sparsity: 0.5, cost: { a: 0.5 } }, /cost of "a" must be a whole number of at least 1/],
    [{ sparsity: 0.5, cost: { z: 2 } }, /cost names "z", which is no prunable parameter/],
    [{ sparsity: 0.5, costPower: -1 }, /costPower must be a finite number of at least 0/],
    [{ sparsity: 1, pattern: '1x3' }, /sparsity asks for 110 .* but whole groups hold 90/],
    [{ sparsity: 0.5, pattern: '1x11' }, /pattern 1x11 finds no whole group in any parameter/],
    [{ sparsity: 0.5, pattern: '1x8' }, /blockSize must be at least 8 for pattern 1x8/],
    [
      { sparsity: 0.5, scope: 'layer', pattern: { sets: [{ name: 's', members: { a: [1] } }] } },
      /scope cannot be by parameter with pattern \{ sets \}/,
    ],
  ];
  for (const [options, message] of cases) {
    await t.throwsAsync(
      prune({ parameters, criterion: 'magnitude', blockSize: 7, ...options }),
      { code: 'ERR_WOODFISHER_OPTION', message },
      JSON.stringify(options),
    );
  }
});

import test from 'ava';
import { BlockFisher, prune, WoodFisherError } from '../../src/index.js';
import { CURVE_SPARSITIES } from '../../src/selection/curve.js';
import { spearman } from '../../src/steps/rank-correlation.js';
import { ENGINES } from '../engines.js';
import { constrainedMinimum, fisher as denseFisher, quadraticForm } from '../oracle/dense.js';
import { randomBatches, randomParameter, seeded } from '../random.js';

const random = seeded(44);
const parameters = [
  randomParameter('a', [9, 8], random),
  { ...randomParameter('b', [6, 9], random), outputAxis: 1 },
];
const gradients = randomBatches(parameters, [17, 13], random);
const SIZE = 126;

function close(
  t: { true(value: boolean, message?: string): unknown },
  a: number | null | undefined,
  b: number,
  scale = Math.abs(b),
): void {
  t.true(Math.abs((a ?? Number.NaN) - b) <= 1e-9 * scale, `${a}, ${b}`);
}

/** A mask that lacks every fifth weight. */
function holes(data: Float32Array): Uint8Array {
  return Uint8Array.from(data, (_, i) => (i % 5 === 0 ? 0 : 1));
}

/** Sum of the `count` smallest. */
function cheapest(scores: readonly number[], count: number): number {
  const sorted = [...scores].sort((a, b) => a - b);
  return sorted.slice(0, count).reduce((sum, score) => sum + score, 0);
}

/** Mean ranks by counting, O(n²). */
function midranks(values: ArrayLike<number>): number[] {
  const all = Array.from(values);
  return all.map((value) => {
    const below = all.filter((other) => other < value).length;
    const equal = all.filter((other) => other === value).length;
    return below + (equal - 1) / 2;
  });
}

function pearson(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((a, b) => a + b, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const product = (a: readonly number[], ma: number, b: readonly number[], mb: number): number =>
    a.reduce((sum, value, i) => sum + (value - ma) * (b[i] - mb), 0);
  return product(x, mx, y, my) / Math.sqrt(product(x, mx, x, mx) * product(y, my, y, my));
}

for (const engine of ENGINES) {
  const options = { parameters, gradients, engine, blockSize: 10 } as const;

  test(`the curve is the sum of the smallest scores, for any sparsity (${engine})`, async (t) => {
    await using fisher = await BlockFisher.create({ parameters, engine, blockSize: 10 });
    for (const batch of gradients) await fisher.add(batch);
    const inverse = await fisher.invert();
    const sparsities = [0, 0.004, 0.1, 0.5, 0.5, 0.77, 0.3, 1];
    for (const criterion of ['woodfisher', 'diagonal-fisher'] as const) {
      const scores = await inverse.saliency({ criterion });
      const [a, b] = [[...scores.a], [...scores.b]];
      const curve = await inverse.curve(sparsities, { criterion });
      const layers = await inverse.curve(sparsities, { criterion, scope: 'layer' });
      const count = (s: number, size: number): number => Math.floor(s * size + 0.5);
      sparsities.forEach((s, i) => {
        t.is(curve[i].sparsity, s);
        close(t, curve[i].predictedLoss, cheapest([...a, ...b], count(s, SIZE)));
        const apart = cheapest(a, count(s, a.length)) + cheapest(b, count(s, b.length));
        close(t, layers[i].predictedLoss, apart);
      });
    }
  });

  test(`the greedy curve is what the joint update of that sparsity is predicted to cost (${engine})`, async (t) => {
    for (const sparsity of [0.2, 0.5, 0.9]) {
      const { statistics } = await prune({ ...options, selection: 'greedy', sparsity });
      const point = statistics.curve?.find((one) => one.sparsity === sparsity);
      const told = statistics.predictedLossChange?.quadratic ?? Number.NaN;
      t.true(Math.abs((point?.predictedLoss ?? Number.NaN) / told - 1) < 1e-4);
    }
  });

  test(`equal scores share their sum, and weights pruned before cost nothing more (${engine})`, async (t) => {
    const data = new Float32Array(40).map((_, i) => (i < 10 ? 0.5 : 1));
    const mask = new Uint8Array(40).map((_, i) => (i >= 30 ? 0 : 1));
    const { statistics } = await prune({
      ...{ parameters: [{ name: 'w', shape: [4, 10], data, mask }], sparsity: 0.6, engine },
      ...{ criterion: 'diagonal-fisher', damping: 1, gradients: [{ w: new Float32Array(40) }] },
    });
    t.deepEqual(
      statistics.curve?.map(({ sparsity }) => sparsity),
      [...new Set([...CURVE_SPARSITIES, 0.6])].sort((x, y) => x - y),
    );
    const at = (s: number) => statistics.curve?.find(({ sparsity }) => sparsity === s);
    t.is(at(0.25)?.predictedLoss, 0);
    close(t, at(0.35)?.predictedLoss, 4 * 0.125);
    close(t, at(0.5)?.predictedLoss, 10 * 0.125);
    close(t, at(0.6)?.predictedLoss, 10 * 0.125 + 4 * 0.5);
  });

  test(`groups have a curve too, null beyond what whole groups hold (${engine})`, async (t) => {
    const { statistics } = await prune({ ...options, pattern: '1x4', sparsity: 0.5 });
    const curve = statistics.curve ?? [];
    const losses = curve.flatMap(({ predictedLoss }) => predictedLoss ?? []);
    t.deepEqual(
      losses,
      losses.toSorted((x, y) => x - y),
    );
    // Of the 54 weights of b, whose outputs have 6 inputs, 18 are in no group of 4.
    const reachable = (SIZE - 18) / SIZE;
    for (const { sparsity, predictedLoss } of curve) {
      t.is(predictedLoss === null, sparsity > reachable, `${sparsity}`);
    }
  });

  test(`the loss without the update is that of the bare removal, and above that with it (${engine})`, async (t) => {
    for (const solver of ['gram', 'dual', 'woodbury'] as const) {
      const blockSize = solver === 'dual' ? 72 : 10;
      const common = { ...options, solver, blockSize, samples: 30, damping: 0.1, sparsity: 0.5 };
      const { statistics, parameters: after } = await prune(common);
      let quadratic = 0;
      let linear = 0;
      let best = 0;
      for (const [p, { name, data }] of parameters.entries()) {
        const [rows, columns] = parameters[p].shape;
        // Block order: outputs first.
        const order = Array.from(data.keys(), (c) =>
          name === 'a' ? c : (c % rows) * columns + Math.floor(c / rows),
        );
        const samples = gradients.flatMap((batch) =>
          Array.from({ length: batch[name].length / data.length }, (_, n) =>
            order.map((c) => batch[name][n * data.length + c]),
          ),
        );
        for (let begin = 0; begin < data.length; begin += blockSize) {
          const block = order.slice(begin, begin + blockSize);
          const own = samples.map((g) => g.slice(begin, begin + blockSize));
          const f = denseFisher(own, 0.1);
          const w = block.map((c) => data[c]);
          const q = [...block.keys()].filter((i) => after[p].mask[block[i]] === 0);
          if (q.length === 0) continue;
          const bare = w.map((value, i) => (q.includes(i) ? -value : 0));
          quadratic += quadraticForm(f, bare) / 2;
          best += quadraticForm(f, constrainedMinimum(f, w, q)) / 2;
          const mean = (i: number): number => own.reduce((sum, g) => sum + g[i], 0) / own.length;
          linear += bare.reduce((sum, value, i) => sum + value * mean(i), 0);
        }
      }
      const change = statistics.predictedLossChange;
      close(t, change?.withoutUpdate.quadratic, quadratic, 10 * quadratic);
      close(t, change?.withoutUpdate.linear, linear, 10);
      t.true(Math.abs((change?.quadratic ?? 0) / best - 1) < 1e-5);
      t.true((change?.quadratic ?? 0) < quadratic);
      const none = await prune({ ...common, update: 'none' });
      const bare = none.statistics.predictedLossChange;
      t.is(bare?.quadratic, bare?.withoutUpdate.quadratic);
      t.is(bare?.linear, bare?.withoutUpdate.linear);
    }
  });

  test(`overlap and rank correlation are those of plain sorting (${engine})`, async (t) => {
    await using fisher = await BlockFisher.create({ parameters, engine, blockSize: 10 });
    for (const batch of gradients) await fisher.add(batch);
    const scores = await (await fisher.invert()).saliency();
    const { statistics, parameters: after } = await prune({ ...options, sparsity: 0.4 });
    const weights = parameters.flatMap(({ data }) => [...data]);
    const count = Math.floor(0.4 * SIZE + 0.5);
    const limit = weights.map(Math.abs).sort((x, y) => x - y)[count - 1];
    const both = after.map(
      ({ mask }, p) =>
        [...mask].filter((kept, c) => kept === 0 && Math.abs(parameters[p].data[c]) <= limit)
          .length,
    );
    const { magnitude } = statistics;
    close(t, magnitude?.overlap, (both[0] + both[1]) / count);
    const all = parameters.flatMap(({ name }) => [...scores[name]]);
    const expected = pearson(midranks(all), midranks(weights.map(Math.abs)));
    close(t, magnitude?.rankCorrelation, expected, 1);
    statistics.parameters.forEach((own, p) => {
      const { name, data } = parameters[p];
      close(t, own.magnitude?.overlap, both[p] / own.prunedNow);
      const one = pearson(midranks(scores[name]), midranks(data.map(Math.abs)));
      close(t, own.magnitude?.rankCorrelation, one, 1);
    });
  });

  test(`the residual is at rounding where the condition is small, and grows with it (${engine})`, async (t) => {
    for (const [solver, blockSize] of [
      ['gram', 10],
      ['gram', 300],
      ['dual', 300],
    ] as const) {
      const one = [randomParameter('w', [20, 40], random)];
      const batches = randomBatches(one, [25], random);
      const residuals: number[] = [];
      for (const damping of [1, 1e-12]) {
        const common = { solver, blockSize, samples: 25, damping, sparsity: 0.5, engine };
        const { statistics } = await prune({ parameters: one, gradients: batches, ...common });
        const [{ residual, condition }] = statistics.parameters;
        t.true((residual ?? Number.NaN) <= 100 * 2 ** -53 * (condition ?? 0), `${residual}`);
        residuals.push(residual ?? Number.NaN);
      }
      t.true(residuals[0] > 0 && residuals[0] < 1e-13, `${residuals}`);
      if (blockSize === 300) t.true(residuals[1] > 100 * residuals[0], `${residuals}`);
    }
    const woodbury = { ...options, solver: 'woodbury', samples: 30, sparsity: 0.5 } as const;
    t.is((await prune(woodbury)).statistics.parameters[0].residual, null);
  });

  test(`figures are the same for any threads (${engine})`, async (t) => {
    const [one, three] = await Promise.all(
      [1, 3].map((threads) => prune({ ...options, sparsity: 0.7, threads })),
    );
    const figures = ({ statistics: s }: typeof one) => [s.curve, s.magnitude, s.parameters];
    t.deepEqual(figures(three), figures(one));
  });

  test(`random prunes the same for any blocks and threads, another seed others (${engine})`, async (t) => {
    const masks = async (more: object): Promise<Uint8Array[]> => {
      const common = { parameters, sparsity: 0.5, engine, criterion: 'random' } as const;
      return (await prune({ ...common, ...more })).parameters.map(({ mask }) => mask);
    };
    const plain = await masks({});
    t.deepEqual(await masks({ seed: 0, blockSize: 7, threads: 3 }), plain);
    t.deepEqual(await masks({ gradients }), plain);
    t.notDeepEqual(await masks({ seed: 1 }), plain);
    const before = { parameters: parameters.map((one) => ({ ...one, mask: holes(one.data) })) };
    const compact = { ...before, gradients, blocks: 'compact', update: 'joint' };
    t.deepEqual(await masks(compact), await masks(before));
    const { statistics } = await prune({ ...options, criterion: 'random', seed: 9, sparsity: 0.5 });
    t.deepEqual([statistics.seed, statistics.curve, statistics.update], [9, null, 'joint']);
    t.true((statistics.predictedLossChange?.quadratic ?? 0) > 0);
  });
}

test('random picks evenly', async (t) => {
  const data = new Float32Array(100_000).fill(1);
  const one = [{ name: 'w', shape: [100, 1000], data }];
  const { parameters: after } = await prune({
    parameters: one,
    criterion: 'random',
    sparsity: 0.3,
  });
  for (let begin = 0; begin < data.length; begin += 10_000) {
    const gone = after[0].mask.slice(begin, begin + 10_000).filter((kept) => kept === 0).length;
    t.true(Math.abs(gone - 3000) < 5 * Math.sqrt(2100), `${gone}`);
  }
});

test('both engines take the same at random', async (t) => {
  const masks = await Promise.all(
    ENGINES.map(async (engine) => {
      const run = await prune({ parameters, criterion: 'random', seed: 5, sparsity: 0.5, engine });
      return run.parameters.map(({ mask }) => mask);
    }),
  );
  for (const mask of masks) t.deepEqual(mask, masks[0]);
});

test('spearman has mean ranks for ties, and none where all are equal', async (t) => {
  const x = Float64Array.from({ length: 300 }, () => Math.floor(random() * 20));
  const y = x.map((value) => value + Math.floor(random() * 15));
  close(t, await spearman(x, y), pearson(midranks(x), midranks(y)));
  t.is(await spearman(x, x), 1);
  t.is(
    await spearman(
      x,
      x.map((value) => 20 - value),
    ),
    -1,
  );
  t.is(await spearman(x, new Float64Array(300)), null);
});

test('figures that have no meaning are null', async (t) => {
  const by = async (more: object) =>
    (await prune({ parameters, gradients, sparsity: 0.5, ...more })).statistics;
  const magnitude = await by({ criterion: 'magnitude' });
  t.deepEqual([magnitude.curve, magnitude.magnitude], [null, null]);
  t.is((await by({ gradients: undefined, criterion: 'random' })).curve, null);
  t.is((await by({ pattern: '2:4', sparsity: undefined })).curve, null);
  t.is((await by({ cost: { a: 3 } })).curve, null);
  t.not((await by({ cost: { a: 3 }, selection: 'greedy' })).curve, null);
  const basic = await by({ statistics: 'basic' });
  t.deepEqual([basic.curve, basic.magnitude, basic.parameters[0].magnitude], [null, null, null]);
  t.not(basic.predictedLossChange, null);
  const nothing = await by({ sparsity: 0 });
  t.is(nothing.magnitude?.overlap, null);
});

test('refused: curves of what are no losses, and seeds where nothing is random', async (t) => {
  await using fisher = await BlockFisher.create({ parameters });
  await fisher.add(gradients[0]);
  const inverse = await fisher.invert();
  const refusal = { instanceOf: WoodFisherError, code: 'ERR_WOODFISHER_OPTION' };
  await t.throwsAsync(inverse.curve([0.5], { criterion: 'magnitude' }), refusal);
  await t.throwsAsync(inverse.curve([1.5]), { ...refusal, message: /sparsities must be a list/ });
  await t.throwsAsync(inverse.saliency({ criterion: 'kfac' }), {
    ...refusal,
    message: /as factors/,
  });
  await t.throwsAsync(inverse.saliency({ seed: 3 }), {
    ...refusal,
    message: /seed is for criterion/,
  });
  for (const seed of [-1, 0.5, 2 ** 32]) {
    await t.throwsAsync(prune({ parameters, criterion: 'random', seed, sparsity: 0.5 }), {
      ...refusal,
      message: /seed must be a whole number from 0 to 4294967295/,
    });
  }
});

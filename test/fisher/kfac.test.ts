import test from 'ava';
import { type FactoredGradients, type Parameter, prune, WoodFisherError } from '../../src/index.js';
import { memoryOf } from '../../src/plan/memory.js';
import { planRun } from '../../src/plan/run-plan.js';
import { ENGINES } from '../engines.js';
import { type Dense, inverse, multiply, quadraticForm, solve } from '../oracle/dense.js';
import { kroneckerInverse, type LayerSamples, part } from '../oracle/kronecker.js';
import { runSettings } from '../plan/settings.js';
import { randomArray, randomParameter, seeded } from '../random.js';

const random = seeded(19);

interface Layer {
  parameter: Parameter;
  factors: FactoredGradients;
  samples: LayerSamples;
}

/** A layer with weights [out, in] and random factors. */
function layer(
  name: string,
  [outputs, inputs]: [number, number],
  count: number,
  positions = 1,
): Layer {
  const factors = {
    inputs: randomArray(count * positions * inputs, random),
    deltas: randomArray(count * positions * outputs, random),
    positions,
  };
  const rows = (values: Float32Array, width: number): number[][][] =>
    Array.from({ length: count }, (_, n) =>
      Array.from({ length: positions }, (_, p) => {
        const at = (n * positions + p) * width;
        return [...values.subarray(at, at + width)];
      }),
    );
  return {
    parameter: randomParameter(name, [outputs, inputs], random),
    factors,
    samples: { inputs: rows(factors.inputs, inputs), deltas: rows(factors.deltas, outputs) },
  };
}

/** The batches of layers, cut into two. */
function batches(layers: readonly Layer[], first: number): Record<string, FactoredGradients>[] {
  const cut = (from: number, to?: number) =>
    Object.fromEntries(
      layers.map(({ parameter: { name }, factors, samples }) => {
        const count = samples.inputs.length;
        const rows = (values: Float32Array) => {
          const width = values.length / count;
          return values.slice(from * width, (to ?? count) * width);
        };
        const { positions } = factors;
        return [name, { inputs: rows(factors.inputs), deltas: rows(factors.deltas), positions }];
      }),
    );
  return [cut(0, first), cut(first)];
}

/** Indices of the blocks of a parameter. */
function blocksOf(size: number, blockSize: number): number[][] {
  const blocks: number[][] = [];
  for (let begin = 0; begin < size; begin += blockSize) {
    const end = Math.min(begin + blockSize, size);
    blocks.push(Array.from({ length: end - begin }, (_, i) => begin + i));
  }
  return blocks;
}

/** P of a block with the weights `gone` held at 0. */
function held(p: Dense, gone: readonly number[]): Dense {
  if (gone.length === 0) return p;
  const all = [...p.keys()];
  const inner = inverse(part(p, gone));
  const side = part(p, all, gone);
  return p.map((row, i) =>
    row.map(
      (value, j) => value - multiply(inner, side[j]).reduce((s, x, k) => s + x * side[i][k], 0),
    ),
  );
}

interface Expected {
  score: number;
  index: number;
}

function close(
  t: { true(value: boolean, message?: string): unknown },
  a: number,
  b: number,
  scale = Math.abs(b),
): void {
  t.true(Math.abs(a - b) <= 1e-6 * scale, `${a}, ${b}`);
}

for (const engine of ENGINES) {
  for (const [what, positions, blockSize, before] of [
    ['a dense layer', 1, 11, 0],
    ['a convolution', 5, 7, 0],
    ['blocks over several outputs, pruned before', 1, 20, 0.3],
    ['one block, pruned before', 2, 100, 0.6],
  ] as const) {
    test(`masks, weights and predictions are those of the dense inverse: ${what} (${engine})`, async (t) => {
      const lambda = 1e-3;
      const one = layer('w', [6, 8], 30, positions);
      const mask = new Uint8Array(48).map(() => (random() < before ? 0 : 1));
      const parameter = { ...one.parameter, mask };
      const p = kroneckerInverse(one.samples, lambda);
      const w = [...parameter.data].map((value, c) => value * mask[c]);
      const blocks = blocksOf(48, blockSize).map((block) => {
        const gone = [...block.keys()].filter((i) => mask[block[i]] === 0);
        return { block, p: held(part(p, block), gone) };
      });
      const scores = blocks
        .flatMap(({ block, p: own }) =>
          block.map((index, i): Expected => ({ index, score: w[index] ** 2 / (2 * own[i][i]) })),
        )
        .filter(({ index }) => mask[index] === 1)
        .sort((a, b) => a.score - b.score);
      const left = scores.length;
      const sparsity = 1 - Math.round(left / 2) / 48;
      const pruned = new Set(
        scores.slice(0, left - Math.round(left / 2)).map(({ index }) => index),
      );

      const result = await prune({
        parameters: [parameter],
        gradients: batches([one], 13),
        ...{ criterion: 'kfac', damping: lambda, blockSize, sparsity, engine },
      });
      const [{ data, mask: after }] = result.parameters;
      after.forEach((kept, c) => {
        t.is(kept === 1, mask[c] === 1 && !pruned.has(c), `weight ${c}`);
      });

      let predicted = 0;
      for (const { block, p: own } of blocks) {
        const q = [...block.keys()].filter((i) => pruned.has(block[i]));
        if (q.length === 0) continue;
        const share = solve(
          part(own, q),
          q.map((i) => w[block[i]]),
        );
        const delta = block.map((_, i) => -q.reduce((sum, j, k) => sum + own[i][j] * share[k], 0));
        block.forEach((c, i) => {
          if (after[c] === 1) close(t, data[c], w[c] + delta[i], 1);
          else t.is(data[c], 0);
        });
        const there = [...block.keys()].filter((i) => mask[block[i]] === 1);
        predicted +=
          quadraticForm(
            inverse(part(own, there)),
            there.map((i) => delta[i]),
          ) / 2;
      }
      const { predictedLossChange, solver } = result.statistics;
      close(t, predictedLossChange?.quadratic ?? Number.NaN, predicted);
      t.is(solver?.name, 'woodbury');
    });
  }

  test(`where inputs and deltas are independent K-FAC is the Fisher itself (${engine})`, async (t) => {
    const [outputs, inputs, lambda] = [4, 5, 1e-9];
    const a = Array.from({ length: 9 }, () => randomArray(inputs, random));
    const d = Array.from({ length: 7 }, () => randomArray(outputs, random));
    const pairs = a.flatMap((input) => d.map((delta) => [input, delta] as const));
    const gradients = [
      {
        w: {
          inputs: Float32Array.from(pairs.flatMap(([input]) => [...input])),
          deltas: Float32Array.from(pairs.flatMap(([, delta]) => [...delta])),
        },
      },
    ];
    const options = {
      parameters: [randomParameter('w', [outputs, inputs], random)],
      ...{ gradients, damping: lambda, blockSize: outputs * inputs, sparsity: 0.5, engine },
    };
    for (const selection of ['oneshot', 'greedy'] as const) {
      const [exact, factored] = await Promise.all([
        prune({ ...options, selection }),
        prune({ ...options, selection, criterion: 'kfac' }),
      ]);
      t.deepEqual(factored.parameters[0].mask, exact.parameters[0].mask);
      factored.parameters[0].data.forEach((value, c) => {
        t.true(Math.abs(value - exact.parameters[0].data[c]) <= 1e-3, `${selection}, weight ${c}`);
      });
      const losses = [factored, exact].map(
        (run) => run.statistics.predictedLossChange?.quadratic ?? 0,
      );
      t.true(Math.abs(losses[0] / losses[1] - 1) < 1e-3, `${losses}`);
    }
  });

  test(`the mean gradient is that of the factors, over positions summed (${engine})`, async (t) => {
    const one = layer('w', [5, 4], 20, 3);
    const w = one.parameter.data;
    const mean = [...w].map((_, c) => {
      const [o, i] = [Math.floor(c / 4), c % 4];
      const { inputs, deltas } = one.samples;
      const products = inputs.map((rows, n) =>
        rows.reduce((s, row, p) => s + row[i] * deltas[n][p][o], 0),
      );
      return products.reduce((sum, g) => sum + g, 0) / inputs.length;
    });
    const { statistics } = await prune({
      parameters: [one.parameter],
      gradients: batches([one], 4),
      ...{ criterion: 'kfac', update: 'none', sparsity: 1, engine },
    });
    const linear = -mean.reduce((sum, g, c) => sum + g * w[c], 0);
    close(t, statistics.predictedLossChange?.linear ?? Number.NaN, linear, 1);
  });

  test(`the layout of the model decides nothing (${engine})`, async (t) => {
    const one = layer('w', [6, 8], 30);
    const swapped = new Float32Array(48);
    one.parameter.data.forEach((value, c) => {
      swapped[(c % 8) * 6 + Math.floor(c / 8)] = value;
    });
    const gradients = batches([one], 10);
    const options = { gradients, criterion: 'kfac', sparsity: 0.6, blockSize: 9, engine } as const;
    const rows = await prune({ ...options, parameters: [one.parameter] });
    const columns = await prune({
      ...options,
      parameters: [{ name: 'w', shape: [8, 6], data: swapped, outputAxis: -1 }],
    });
    rows.parameters[0].data.forEach((value, c) => {
      t.is(columns.parameters[0].data[(c % 8) * 6 + Math.floor(c / 8)], value);
    });
  });

  test(`every rule, pattern and step works by it, the same for any threads (${engine})`, async (t) => {
    const layers = [layer('a', [8, 12], 25), layer('b', [4, 8], 25, 2)];
    const parameters = layers.map(({ parameter }) => parameter);
    const common = { parameters, criterion: 'kfac', sparsity: 0.5, blockSize: 24, engine } as const;
    for (const options of [
      { update: 'none' },
      { update: 'independent' },
      { selection: 'greedy' },
      { pattern: '1x4' },
      { pattern: '2:4', sparsity: undefined },
      { pattern: 'rows' },
      { pattern: 'columns' },
      { firstOrder: { step: 0.1 } },
      { damping: { relative: 0.1 } },
      { steps: 3 },
    ] as const) {
      const source = 'steps' in options ? () => batches(layers, 9) : batches(layers, 9);
      const runs = [];
      for (const threads of [1, 3]) {
        runs.push(await prune({ ...common, gradients: source, ...options, threads }));
      }
      const [one, three] = runs;
      t.deepEqual(three.parameters, one.parameters, JSON.stringify(options));
      t.true(Math.abs(one.statistics.totals.sparsity - 0.5) <= 0.1);
      t.true((one.statistics.predictedLossChange?.quadratic ?? 0) > 0);
    }
  });
}

test('both engines make the same of it, to rounding', async (t) => {
  const layers = [layer('a', [30, 50], 200), layer('b', [10, 30], 200, 3)];
  const runs = await Promise.all(
    ENGINES.map((engine) =>
      prune({
        parameters: layers.map(({ parameter }) => parameter),
        gradients: batches(layers, 77),
        ...{ criterion: 'kfac', sparsity: 0.7, engine },
      }),
    ),
  );
  for (const run of runs) {
    run.parameters.forEach(({ mask, data }, i) => {
      t.deepEqual(mask, runs[0].parameters[i].mask);
      data.forEach((value, c) => {
        close(t, value, runs[0].parameters[i].data[c], 1);
      });
    });
  }
});

test('a layer without any input or delta is not in the way', async (t) => {
  const layers = [layer('a', [4, 6], 10), layer('dead', [4, 6], 10)];
  layers[1].factors.deltas.fill(0);
  const { statistics } = await prune({
    parameters: layers.map(({ parameter }) => parameter),
    gradients: batches(layers, 3),
    ...{ criterion: 'kfac', sparsity: 0.5, damping: 1e-4 },
  });
  t.is(statistics.totals.prunedNow, 24);
  t.true(statistics.parameters[1].prunedNow > statistics.parameters[0].prunedNow);
});

test('the memory of a run is what was planned', async (t) => {
  const layers = [layer('a', [40, 70], 60), layer('b', [10, 40], 60)];
  const parameters = layers.map(({ parameter }) => parameter);
  const options = { criterion: 'kfac', samples: 60, threads: 2, blockSize: 10 } as const;
  const settings = runSettings({ parameters, ...options, gradientBatch: 30, solver: 'auto' });
  const planned = memoryOf(planRun(settings));
  const { statistics } = await prune({
    parameters,
    gradients: batches(layers, 30),
    ...{ ...options, gradientBatch: 30, sparsity: 0.5 },
  });
  const peaks = statistics.phases.map(({ peakBytes }) => peakBytes);
  t.true(Math.max(...peaks) <= planned.shared);
  t.true(Math.max(...peaks) >= planned.weights + planned.sums + planned.state);
});

const one = layer('w', [4, 6], 10);
const whole = [{ w: randomArray(10 * 24, random) }];
for (const [title, options, pattern] of [
  [
    'gradients that came multiplied out',
    { gradients: whole },
    /criterion "kfac" needs the gradients of parameter "w" as their factors/,
  ],
  [
    'positions that do not fit',
    { gradients: [{ w: { ...one.factors, positions: 3 } }] },
    /must be \[samples, 3, 6\]/,
  ],
  [
    'positions that are none',
    { gradients: [{ w: { ...one.factors, positions: 0.5 } }] },
    /positions of parameter "w" must be a whole number/,
  ],
  [
    'positions with another criterion',
    { criterion: 'woodfisher', gradients: [{ w: { ...one.factors, positions: 2 } }] },
    /for criterion "kfac"/,
  ],
  ['no gradients', { gradients: undefined }, /criterion "kfac" needs gradients/],
  [
    'a saved Fisher',
    { gradients: undefined, fisher: 'x.fisher' },
    /which a saved Fisher does not hold/,
  ],
  ['saving', { saveFisher: 'x.fisher' }, /saveFisher saves sums of gradients/],
  ['a centred Fisher', { centred: true }, /leave centred out/],
  [
    'the scale of examples',
    { examplesPerSample: 4, fisherScale: 'examples' },
    /use fisherScale "samples"/,
  ],
  ['another solver', { solver: 'gram' }, /use solver "auto" in place of "gram"/],
  ['compact blocks', { blocks: 'compact' }, /use blocks "parameter"/],
  [
    'a layer that is too wide',
    { parameters: [randomParameter('w', [1, 32767], random)] },
    /of which there may be 32767/,
  ],
] as const) {
  test(`refused with the reason: ${title}`, async (t) => {
    const common = { parameters: [one.parameter], gradients: batches([one], 4) };
    await t.throwsAsync(prune({ ...common, criterion: 'kfac', sparsity: 0.5, ...options }), {
      instanceOf: WoodFisherError,
      message: pattern,
    });
  });
}

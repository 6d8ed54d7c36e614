import test from 'ava';
import fc from 'fast-check';
import { BlockFisher, type Parameter, type PruneOptions, prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { fisher as denseFisher, inverse } from '../oracle/dense.js';
import { randomArray, randomBatches, randomParameter, seeded } from '../random.js';

const LAMBDA = 1e-2;

/** A parameter, a mask of it, and its weights that are still there in the order of the blocks. */
interface Masked {
  parameter: Parameter & { mask: Uint8Array };
  /** Flat indices in the model's layout. */
  there: number[];
}

function masked(
  name: string,
  shape: readonly number[],
  outputAxis: number,
  share: number,
  random: () => number,
): Masked {
  const { data } = randomParameter(name, shape, random);
  const mask = Uint8Array.from(data, () => (random() < share ? 1 : 0));
  const after = shape.slice(outputAxis + 1).reduce((a, b) => a * b, 1);
  const outputOf = (index: number): number => Math.floor(index / after) % shape[outputAxis];
  const there = [...mask.keys()]
    .filter((index) => mask[index] === 1)
    .sort((a, b) => outputOf(a) - outputOf(b) || a - b);
  return { parameter: { name, shape, data, outputAxis, mask }, there };
}

/** The parameter of the survivors alone: one row. */
function small({ parameter: { name, data }, there }: Masked): Parameter {
  return { name, shape: [1, there.length], data: Float32Array.from(there, (i) => data[i]) };
}

type Batch = Record<string, Float32Array>;

/** The columns of the survivors. */
function smallBatch(some: readonly Masked[], batch: Batch): Batch {
  return Object.fromEntries(
    some.map(({ parameter: { name, data }, there }) => {
      const count = batch[name].length / data.length;
      const rows = Array.from({ length: count }, (_, n) =>
        there.map((i) => batch[name][n * data.length + i]),
      );
      return [name, Float32Array.from(rows.flat())];
    }),
  );
}

const METHODS: readonly Partial<PruneOptions>[] = [
  { solver: 'gram' },
  { solver: 'gram', update: 'independent', scope: 'layer' },
  { solver: 'gram', selection: 'greedy' },
  { solver: 'gram', selection: 'greedy', firstOrder: { step: 0.3 } },
  { solver: 'gram', criterion: 'diagonal-fisher', centred: true },
  { solver: 'woodbury', firstOrder: { step: 0.5 }, update: 'independent' },
  { solver: 'woodbury', selection: 'greedy' },
  { solver: 'dual', firstOrder: { step: 0.2 } },
  { solver: 'dual', selection: 'greedy' },
  { solver: 'gram', damping: { relative: 0.1 } },
];

/** Tensors with outputs on the first, the last and a middle axis; the order of ties differs in the last two. */
const LAYOUTS = [
  { shape: [9, 40], outputAxis: 0 },
  { shape: [40, 9], outputAxis: 1 },
  { shape: [5, 8, 9], outputAxis: 1 },
] as const;

for (const engine of ENGINES) {
  test(`compact blocks do what blocks of a smaller model of the survivors do, to the bit (${engine})`, async (t) => {
    for (const [index, method] of METHODS.entries()) {
      const random = seeded(index + 1);
      const some = LAYOUTS.map(({ shape, outputAxis }, i) =>
        masked(`p${i}`, shape, outputAxis, 0.4 + 0.1 * i, random),
      );
      const parameters = some.map(({ parameter }) => parameter);
      const samples = method.solver === 'dual' ? 11 : 45;
      const batches = randomBatches(parameters, [samples - 6, 5, 1], random);
      const common = { damping: LAMBDA, ...method, samples, blockSize: 16, engine } as const;
      const left = some.reduce((sum, { there }) => sum + there.length, 0);
      const all = parameters.reduce((sum, { data }) => sum + data.length, 0);
      const goes = Math.round(0.6 * left);
      const compact = await prune({
        ...{ ...common, parameters, gradients: batches, blocks: 'compact' },
        sparsity: method.scope === 'layer' ? 0.8 : (all - left + goes) / all,
      });
      const byName = Object.fromEntries(
        some.map(({ parameter: { name, data }, there }) => {
          const pruned = Math.floor(0.8 * data.length + 0.5) - (data.length - there.length);
          return [name, pruned / there.length];
        }),
      );
      const { scope, ...rest } = common;
      const dense = await prune({
        ...{ ...rest, parameters: some.map(small) },
        gradients: batches.map((batch) => smallBatch(some, batch)),
        sparsity: scope === 'layer' ? byName : goes / left,
      });
      for (const [i, { there }] of some.entries()) {
        const { data, mask } = compact.parameters[i];
        t.deepEqual(
          Float32Array.from(there, (c) => data[c]),
          dense.parameters[i].data,
        );
        t.deepEqual(
          Uint8Array.from(there, (c) => mask[c]),
          dense.parameters[i].mask,
        );
        t.true(parameters[i].mask.every((bit, c) => bit === 1 || (data[c] === 0 && mask[c] === 0)));
        const [a, b] = [compact, dense].map(({ statistics }) => statistics.parameters[i]);
        t.is(a.blocks, Math.ceil(there.length / 16));
        t.deepEqual(a.predictedLossChange, b.predictedLossChange);
        t.is(a.meanDiagonal, b.meanDiagonal);
        t.is(a.condition, b.condition);
        t.is(a.sparsity, mask.filter((bit) => bit === 0).length / mask.length);
      }
    }
  });

  test(`without a mask compact blocks are the blocks of the parameter, to the bit (${engine})`, async (t) => {
    const random = seeded(5);
    const parameters = [
      randomParameter('a', [7, 30], random),
      randomParameter('b', [4, 9], random),
    ];
    const gradients = randomBatches(parameters, [40], random);
    const run = { parameters, gradients, sparsity: 0.7, blockSize: 16, damping: LAMBDA, engine };
    const compact = await prune({ ...run, blocks: 'compact' });
    const plain = await prune(run);
    t.deepEqual(compact.parameters, plain.parameters);
    t.is(plain.statistics.blocks, 'parameter');
    t.is(compact.statistics.blocks, 'compact');
    t.deepEqual(compact.statistics.parameters, plain.statistics.parameters);
  });

  test(`factors of gradients give what whole gradients give, to the bit (${engine})`, async (t) => {
    const random = seeded(11);
    for (const { shape, outputAxis } of LAYOUTS.slice(0, 2)) {
      for (const solver of ['gram', 'dual', 'woodbury'] as const) {
        const { parameter } = masked('w', shape, outputAxis, 0.3, random);
        const outputs = shape[outputAxis];
        const inputs = parameter.data.length / outputs;
        const samples = 13;
        // Short enough for their products to be exact in float32.
        const coarse = (length: number): Float32Array =>
          randomArray(length, random).map((value) => Math.round(value * 256) / 256);
        const factors = { inputs: coarse(samples * inputs), deltas: coarse(samples * outputs) };
        const w = new Float32Array(samples * parameter.data.length);
        for (let n = 0; n < samples; n++) {
          for (let o = 0; o < outputs; o++) {
            for (let i = 0; i < inputs; i++) {
              const at = outputAxis === 0 ? o * inputs + i : i * outputs + o;
              w[n * outputs * inputs + at] =
                factors.inputs[n * inputs + i] * factors.deltas[n * outputs + o];
            }
          }
        }
        const run = {
          ...{ parameters: [parameter], sparsity: 0.9, blockSize: 20, damping: LAMBDA },
          ...{ samples, solver, engine, blocks: 'compact' as const },
        };
        const whole = await prune({ ...run, gradients: [{ w }] });
        const factored = await prune({ ...run, gradients: [{ w: factors }] });
        t.deepEqual(factored.parameters, whole.parameters);
        t.deepEqual(factored.statistics.parameters, whole.statistics.parameters);
      }
    }
  });

  test(`D of a compact block is that of the dense inverse over its survivors (${engine})`, async (t) => {
    const cases = fc.record({
      rows: fc.integer({ min: 1, max: 6 }),
      columns: fc.integer({ min: 1, max: 20 }),
      blockSize: fc.integer({ min: 1, max: 9 }),
      outputAxis: fc.constantFrom(0, 1),
      share: fc.constantFrom(0, 0.1, 0.5, 0.9),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ rows, columns, blockSize, outputAxis, share, seed }) => {
        const random = seeded(seed);
        const { parameter, there } = masked('w', [rows, columns], outputAxis, share, random);
        const count = 7;
        const size = rows * columns;
        const w = randomArray(count * size, random);
        await using fisher = await BlockFisher.create({
          ...{ parameters: [parameter], blockSize, engine, blocks: 'compact', damping: LAMBDA },
        });
        await fisher.add({ w });
        const found = await fisher.invert();
        const diagonal = (await found.diagonal()).w;
        const x = randomArray(size, random);
        const product = (await found.multiply({ w: x })).w;
        const expected = new Float64Array(size).fill(1 / LAMBDA);
        const expectedProduct = new Float64Array(size);
        for (let at = 0; at < there.length; at += blockSize) {
          const block = there.slice(at, at + blockSize);
          const samples = Array.from({ length: count }, (_, n) =>
            block.map((i) => w[n * size + i]),
          );
          const p = inverse(denseFisher(samples, LAMBDA));
          for (const [i, c] of block.entries()) {
            expected[c] = p[i][i];
            expectedProduct[c] = p[i].reduce((sum, value, j) => sum + value * x[block[j]], 0);
          }
        }
        const close = (a: Float64Array, b: Float64Array): boolean =>
          a.every((value, i) => Math.abs(value - b[i]) <= 1e-9 / LAMBDA);
        t.true(close(diagonal, expected));
        t.true(close(product, expectedProduct));
      }),
      { numRuns: 60 },
    );
  });

  test(`ties fall to the lower index of the model, wherever the survivors stand (${engine})`, async (t) => {
    const random = seeded(3);
    for (const { shape, outputAxis } of LAYOUTS) {
      const { parameter } = masked('w', shape, outputAxis, 0.5, random);
      parameter.data.fill(0.5);
      const { mask } = parameter;
      const size = mask.length;
      const gradients = [{ w: new Float32Array(size) }];
      for (const selection of ['oneshot', 'greedy'] as const) {
        const zeros = mask.filter((bit) => bit === 0).length;
        const result = await prune({
          ...{ parameters: [parameter], gradients, selection, engine, blocks: 'compact' },
          ...{ sparsity: (zeros + 40) / size, blockSize: 200, solver: 'gram' },
        });
        const lost = [...mask.keys()].filter(
          (i) => mask[i] === 1 && result.parameters[0].mask[i] === 0,
        );
        const first = [...mask.keys()].filter((i) => mask[i] === 1).slice(0, 40);
        t.deepEqual(lost, first, `${selection} ${shape}`);
      }
    }
  });

  test(`a parameter without survivors is left as it is, and one with few is one block (${engine})`, async (t) => {
    const random = seeded(17);
    const empty = { ...randomParameter('empty', [3, 8], random), mask: new Uint8Array(24) };
    const few = masked('few', [4, 10], 0, 0.15, random).parameter;
    const parameters = [empty, few, randomParameter('full', [5, 6], random)];
    const gradients = randomBatches(parameters, [30], random);
    for (const method of [{}, { selection: 'greedy' }, { criterion: 'magnitude' }] as const) {
      const { parameters: after, statistics } = await prune({
        ...{ parameters, gradients, sparsity: 0.8, blockSize: 100, engine, ...method },
        ...{ blocks: 'compact', damping: LAMBDA },
      });
      t.true(after[0].data.every((w) => w === 0) && after[0].mask.every((bit) => bit === 0));
      t.deepEqual(
        statistics.parameters.map(({ blocks }) => blocks),
        [0, 1, 1],
      );
      const zeros = after.reduce(
        (sum, { mask }) => sum + mask.filter((bit) => bit === 0).length,
        0,
      );
      t.is(zeros, Math.round(0.8 * 94));
    }
    const gone = parameters.map((one) => ({ ...one, mask: new Uint8Array(one.data.length) }));
    const nothing = await prune({
      ...{ parameters: gone, gradients, sparsity: 1, engine, blocks: 'compact' },
    });
    t.is(nothing.statistics.totals.sparsity, 1);
    t.is(nothing.statistics.totals.prunedNow, 0);
  });

  test(`weights that are 0 may be declared pruned (${engine})`, async (t) => {
    const random = seeded(19);
    const { parameter } = masked('w', [6, 30], 0, 0.5, random);
    const { mask, ...rest } = parameter;
    const data = parameter.data.map((w, i) => w * mask[i]);
    const gradients = randomBatches([parameter], [20], random);
    const run = { gradients, sparsity: 0.8, blockSize: 16, engine, blocks: 'compact' } as const;
    const declared = await prune({ ...run, parameters: [{ ...rest, data }], zerosArePruned: true });
    const given = await prune({ ...run, parameters: [parameter] });
    t.deepEqual(declared.parameters, given.parameters);
    const { prunedBefore } = declared.statistics.totals;
    t.is(prunedBefore, mask.filter((bit) => bit === 0).length);
  });

  test(`BlockInverse takes and gives arrays of the model (${engine})`, async (t) => {
    const random = seeded(23);
    const one = masked('w', [40, 9], 1, 0.5, random);
    const { parameter, there } = one;
    const gradients = randomBatches([parameter], [30], random);
    const common = { blockSize: 16, engine, damping: LAMBDA };
    await using compact = await BlockFisher.create({
      ...{ ...common, parameters: [parameter], blocks: 'compact' },
    });
    await using dense = await BlockFisher.create({ ...common, parameters: [small(one)] });
    for (const batch of gradients) {
      const lent = compact.nextBuffer(30);
      lent.w.set(batch.w);
      await compact.add(lent);
      await dense.add(smallBatch([one], batch));
    }
    const inverses = [await compact.invert(), await dense.invert()];
    const gathered = (values: ArrayLike<number>): number[] => there.map((c) => values[c]);
    const [a, b] = inverses;
    const saliency = (await a.saliency()).w;
    t.deepEqual(gathered(saliency), [...(await b.saliency()).w]);
    t.true(saliency.every((value, c) => parameter.mask[c] === 1 || value === 0));
    const traces = [await a.trace({ firstOrder: 0.1 }), await b.trace({ firstOrder: 0.1 })];
    t.deepEqual(gathered(traces[0].keys.w), [...traces[1].keys.w]);
    t.deepEqual(gathered(traces[0].marginalLosses.w), [...traces[1].marginalLosses.w]);
    const pair = await a.groupSaliency('w', [[there[3], there[1]]]);
    t.deepEqual(pair, await b.groupSaliency('w', [[3, 1]]));
    const gone = parameter.mask.indexOf(0);
    await t.throwsAsync(a.groupSaliency('w', [[gone]]), { message: /was pruned before/ });
    await t.throwsAsync(a.groupSaliency('w', [[there[0], there[20]]]), {
      message: /within one block/,
    });
    const masks = await a.select({ sparsity: 0.8 });
    const after = await a.update({ masks });
    const smallMask = Uint8Array.from(there, (c) => masks.w[c]);
    const expected = await b.update({ masks: { w: smallMask } });
    t.deepEqual(gathered(after.weights.w), [...expected.weights.w]);
    t.true(after.weights.w.every((w, c) => masks.w[c] === 1 || w === 0));
    t.deepEqual(after.predictedLossChange, expected.predictedLossChange);
    const sweep = { dampings: [1e-2, 1e-3] };
    const share = (0.8 * 360 - (360 - there.length)) / there.length;
    const swept = await compact.dampingSweep({ ...sweep, sparsity: 0.8 });
    t.deepEqual(swept, await dense.dampingSweep({ ...sweep, sparsity: share }));
  });
}

test('patterns other than single weights are refused with the reason', async (t) => {
  const random = seeded(29);
  const parameters = [randomParameter('w', [4, 8], random)];
  const [gradients] = [randomBatches(parameters, [5], random)];
  const run = { parameters, gradients, sparsity: 0.5, blocks: 'compact' } as const;
  const refusal = { code: 'ERR_WOODFISHER_OPTION', message: /^blocks "compact" hold the weights/ };
  await t.throwsAsync(prune({ ...run, pattern: 'rows' }), refusal);
  await t.throwsAsync(
    BlockFisher.create({ parameters, blocks: 'compact', pattern: '1x4' }),
    refusal,
  );
  await t.throwsAsync(prune({ ...run, blocks: 'dense' as 'compact' }), {
    message: /^blocks must be one of parameter, compact/,
  });
});

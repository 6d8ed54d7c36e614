import test from 'ava';
import { BlockFisher, type Parameter, prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { randomBatches, randomParameter, seeded } from '../random.js';

const BLOCK = 11;

/** A model of two layers, one with its outputs last, and gradient samples for it. */
function model(seed: number) {
  const random = seeded(seed);
  const parameters: Parameter[] = [
    { ...randomParameter('a', [6, 15], random), outputAxis: -1 },
    randomParameter('b', [7, 12], random),
  ];
  return { parameters, gradients: randomBatches(parameters, [25, 40], random) };
}

function zeros(masks: Readonly<Record<string, Uint8Array>>): number {
  return Object.values(masks).reduce(
    (sum, mask) => sum + mask.reduce((count, kept) => count + 1 - kept, 0),
    0,
  );
}

/** The weights of each block, as indices of the model's layout. */
function blocksOf({ shape, outputAxis }: Parameter): number[][] {
  const [rows, columns] = shape;
  const size = rows * columns;
  const order = Array.from({ length: size }, (_, c) =>
    outputAxis === -1 ? (c % rows) * columns + Math.floor(c / rows) : c,
  );
  return Array.from({ length: Math.ceil(size / BLOCK) }, (_, b) =>
    order.slice(b * BLOCK, (b + 1) * BLOCK),
  );
}

for (const engine of ENGINES) {
  test(`greedy: for every sparsity each block is cut into a prefix of its trace and the rest (${engine})`, async (t) => {
    const { parameters, gradients } = model(3);
    await using fisher = await BlockFisher.create({ parameters, engine, blockSize: BLOCK });
    for (const batch of gradients) await fisher.add(batch);
    const inverse = await fisher.invert({ damping: 1e-3 });
    const { keys, marginalLosses } = await inverse.trace();
    for (let count = 0; count <= 174; count += 29) {
      for (const scope of ['global', 'layer'] as const) {
        const masks = await inverse.select({ sparsity: count / 174, selection: 'greedy', scope });
        if (scope === 'global') t.is(zeros(masks), count);
        for (const parameter of parameters) {
          const { name } = parameter;
          for (const block of blocksOf(parameter)) {
            const order = block.toSorted((i, j) => keys[name][i] - keys[name][j]);
            const mask = order.map((i) => masks[name][i]).join('');
            t.regex(mask, /^0*1*$/);
          }
        }
      }
    }
    // What the trace promises is what the joint update costs.
    const masks = await inverse.select({ sparsity: 0.6, selection: 'greedy' });
    const { predictedLossChange } = await inverse.update({ masks });
    for (const { name } of parameters) {
      const promised = marginalLosses[name].reduce(
        (sum, loss, i) => sum + (masks[name][i] === 0 ? loss : 0),
        0,
      );
      const { quadratic } = predictedLossChange[name];
      t.true(Math.abs(promised - quadratic) <= 1e-5 * quadratic);
    }
  });

  test(`greedy: the predicted loss is below that of oneshot, on average and mostly (${engine})`, async (t) => {
    let better = 0;
    let logRatio = 0;
    const runs = 12;
    for (let seed = 1; seed <= runs; seed++) {
      const options = {
        ...model(seed),
        sparsity: [0.3, 0.6, 0.9][seed % 3],
        engine,
        blockSize: 40,
      };
      const [greedy, oneshot] = await Promise.all(
        (['greedy', 'oneshot'] as const).map(async (selection) => {
          const { statistics } = await prune({ ...options, selection });
          t.is(statistics.selection, selection);
          return statistics.predictedLossChange?.quadratic ?? Number.NaN;
        }),
      );
      if (greedy <= oneshot) better++;
      logRatio += Math.log(greedy / oneshot) / runs;
    }
    t.true(better >= 0.9 * runs, `${better} of ${runs}`);
    t.true(logRatio < -0.05, `mean log ratio ${logRatio}`);
  });

  test(`greedy: the first weight that goes is the cheapest of all by oneshot (${engine})`, async (t) => {
    const { parameters, gradients } = model(8);
    const [greedy, oneshot] = await Promise.all(
      (['greedy', 'oneshot'] as const).map((selection) =>
        prune({ parameters, gradients, sparsity: 1 / 174, selection, engine }),
      ),
    );
    t.deepEqual(
      greedy.parameters.map(({ mask }) => mask),
      oneshot.parameters.map(({ mask }) => mask),
    );
  });
}

import test from 'ava';
import {
  type GradientStep,
  type LossParameter,
  type Parameter,
  type PruneOptions,
  prune,
} from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { randomBatches, randomParameter, seeded } from '../random.js';

const random = seeded(71);
const a = { ...randomParameter('a', [30, 40], random), outputAxis: -1 };
const b = randomParameter('b', [12, 25], random);
const parameters: Parameter[] = [
  { ...a, mask: Uint8Array.from(a.data, (_, i) => (i % 3 === 0 ? 0 : 1)) },
  randomParameter('bias', [25], random),
  b,
];
const prunable = [a, b];
const SIZE = 1500;

/** Gradient samples that depend on the weights of the step. */
function gradients(step: GradientStep) {
  return randomBatches(prunable, [25, 5], seeded(step.index + 1)).map((batch) =>
    Object.fromEntries(
      Object.entries(batch).map(([name, values]): [string, Float32Array] => {
        const weights = step.parameters.find((one) => one.name === name)?.data ?? [];
        return [name, values.map((g, i) => g + weights[i % weights.length])];
      }),
    ),
  );
}

/** A loss that is least at half of the weights as they are. */
function loss(model: readonly LossParameter[]): number {
  return model.reduce((sum, { name, data }) => {
    const before = parameters.find((one) => one.name === name)?.data ?? [];
    return sum + data.reduce((part, w, i) => part + (w - before[i] / 2) ** 2, 0);
  }, 0);
}

const common = { damping: 1e-3, blockSize: 20, blocks: 'compact', solver: 'gram' } as const;

for (const engine of ENGINES) {
  test(`blocks are cut anew at each step, as a run of its own would (${engine})`, async (t) => {
    const run = await prune({
      ...{ ...common, engine, parameters, gradients, selection: 'greedy' },
      ...{ sparsity: 0.9, steps: 4 },
    });
    let model = parameters;
    for (const [index, { targetSparsity, blocks }] of run.statistics.steps.entries()) {
      const now = model.map(({ name, shape, data, mask }) => ({
        ...{ name, shape, data },
        mask: mask ?? new Uint8Array(data.length).fill(1),
      }));
      const left = [now[0], now[2]].map(({ mask }) => mask.reduce((sum, bit) => sum + bit, 0));
      t.is(blocks, Math.ceil(left[0] / 20) + Math.ceil(left[1] / 20));
      const one = await prune({
        ...{ ...common, engine, parameters: model, selection: 'greedy' },
        gradients: gradients({ index, steps: 4, parameters: now }),
        sparsity: targetSparsity ?? 0,
      });
      model = parameters.map((parameter, i) => ({ ...parameter, ...one.parameters[i] }));
    }
    t.deepEqual(
      run.parameters,
      model.map(({ name, shape, data, mask }) => ({ name, shape, data, mask })),
    );
    const { prunedBefore, prunedNow, sparsity } = run.statistics.totals;
    t.deepEqual([prunedBefore, prunedBefore + prunedNow, sparsity], [400, 0.9 * SIZE, 0.9]);
  });

  test(`over 16 steps weights that were pruned stay 0 and memory is that of the first (${engine})`, async (t) => {
    const masks: Uint8Array[][] = [];
    const noted = (step: GradientStep) => {
      masks.push(step.parameters.map(({ mask }) => mask.slice()));
      const resurrected = step.parameters.some(({ data, mask }) =>
        data.some((w, i) => mask[i] === 0 && w !== 0),
      );
      t.false(resurrected);
      return gradients(step);
    };
    const threads = 1;
    const run: PruneOptions = {
      ...common,
      engine,
      parameters,
      gradients: noted,
      threads,
      sparsity: 0.98,
    };
    const { statistics, parameters: after } = await prune({ ...run, steps: 16 });
    t.is(masks.length, 16);
    masks.push(after.map(({ mask }) => mask));
    for (const [k, step] of masks.slice(1).entries()) {
      t.true(step.every((mask, i) => mask.every((bit, c) => bit <= masks[k][i][c])));
    }
    t.true(after.every(({ data, mask }) => data.every((w, i) => mask[i] === 1 || w === 0)));
    const blocks = statistics.steps.map((step) => step.blocks);
    t.true(blocks.every((count, k) => k === 0 || count <= blocks[k - 1]));
    t.is(blocks[0], 55);
    t.true(blocks[15] <= 4);
    const first = await prune({
      ...{ ...run, gradients },
      sparsity: statistics.steps[0].targetSparsity ?? 0,
    });
    const peakOf = ({ phases }: typeof statistics): number =>
      Math.max(...phases.map(({ peakBytes }) => peakBytes));
    t.true(peakOf(statistics) <= peakOf(first.statistics));
  });

  test(`the loss of a line search is that of the whole model (${engine})`, async (t) => {
    const seen: number[] = [];
    const { statistics } = await prune({
      ...{ ...common, engine, parameters, gradients, sparsity: 0.9, steps: 3, firstOrder: true },
      loss: (model) => {
        seen.push(model.length);
        const [{ data }] = model;
        t.is(data.length, 1200);
        t.true(parameters[0].mask?.every((bit, i) => bit === 1 || data[i] === 0));
        return loss(model);
      },
    });
    t.true(seen.length >= 6 && seen.every((length) => length === 3));
    t.true(statistics.steps.every(({ firstOrder }) => (firstOrder?.search?.tried.length ?? 0) > 1));
  });

  test(`threads do not change a bit of compact blocks (${engine})`, async (t) => {
    const run: PruneOptions = {
      ...{ ...common, engine, parameters, gradients, sparsity: 0.95, steps: 5 },
      ...{ selection: 'greedy', firstOrder: { step: 0.1 } },
    };
    const [one, three] = [await prune({ ...run, threads: 1 }), await prune({ ...run, threads: 3 })];
    t.deepEqual(three.parameters, one.parameters);
    t.deepEqual(three.statistics.parameters, one.statistics.parameters);
  });
}

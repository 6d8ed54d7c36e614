import test from 'ava';
import { type GradientStep, type Parameter, prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { randomBatches, randomParameter, seeded } from '../random.js';

const random = seeded(33);
const parameters: Parameter[] = [
  { ...randomParameter('a', [10, 12], random), outputAxis: -1 },
  randomParameter('bias', [12], random),
  randomParameter('b', [6, 15], random),
];
const prunable = parameters.filter(({ name }) => name !== 'bias');
const SIZE = 210;

/** Gradient samples that depend on the weights, and a note of what was asked. */
function source(asked: GradientStep[] = []) {
  return (step: GradientStep) => {
    asked.push(step);
    const noise = randomBatches(prunable, [30], seeded(step.index + 1));
    return noise.map((batch) =>
      Object.fromEntries(
        Object.entries(batch).map(([name, values]): [string, Float32Array] => {
          const weights = step.parameters.find((one) => one.name === name)?.data ?? [];
          return [name, values.map((g, i) => g + weights[i % weights.length])];
        }),
      ),
    );
  };
}

for (const engine of ENGINES) {
  test(`steps: one step after the other is one run with steps (${engine})`, async (t) => {
    for (const selection of ['oneshot', 'greedy'] as const) {
      const asked: GradientStep[] = [];
      const options = { engine, selection, blockSize: 13, damping: 1e-3 };
      const run = await prune({
        ...options,
        parameters,
        gradients: source(asked),
        sparsity: 0.8,
        steps: 3,
        schedule: 'linear',
      });
      t.deepEqual(
        asked.map(({ index, steps }) => [index, steps]),
        [
          [0, 3],
          [1, 3],
          [2, 3],
        ],
      );
      let model: readonly Parameter[] = parameters;
      for (const index of [0, 1, 2]) {
        const sparsity = run.statistics.steps[index].targetSparsity;
        const given = model.map(({ name, shape, data, mask }) => ({
          name,
          shape,
          data,
          mask: mask ?? new Uint8Array(data.length).fill(1),
        }));
        t.deepEqual(
          asked[index].parameters,
          given,
          'gradients are asked for at the weights of the step',
        );
        const gradients = source()({ index, steps: 3, parameters: given });
        const one = await prune({
          ...options,
          parameters: model,
          gradients,
          sparsity: sparsity ?? 0,
        });
        model = parameters.map((parameter, i) => ({ ...parameter, ...one.parameters[i] }));
      }
      t.deepEqual(
        run.parameters.map(({ data, mask }) => ({ data, mask })),
        model.map(({ data, mask }) => ({ data, mask })),
      );
    }
  });

  test(`steps: masks accumulate through 16 steps, pruned-before weights stay zero, counts are exact (${engine})`, async (t) => {
    const mask = Uint8Array.from({ length: 120 }, (_, i) => Number(i % 5 !== 0));
    const asked: GradientStep[] = [];
    const { statistics, parameters: pruned } = await prune({
      parameters: [{ ...parameters[0], mask }, parameters[1], parameters[2]],
      gradients: source(asked),
      sparsity: 0.9,
      steps: 16,
      selection: 'greedy',
      firstOrder: { step: 0.1 },
      engine,
      blockSize: 20,
    });
    const all = [...asked.map((step) => step.parameters), pruned];
    for (const [k, model] of all.entries()) {
      for (const [p, { data, mask: now }] of model.entries()) {
        now.forEach((kept, i) => {
          if (kept === 0) t.is(data[i], 0);
          if (k > 0 && all[k - 1][p].mask[i] === 0) t.is(kept, 0);
          if (p === 0 && mask[i] === 0) t.is(kept, 0);
        });
      }
    }
    const { totals, steps, schedule } = statistics;
    t.is(schedule, 'cubic');
    t.is(totals.prunedBefore, 24);
    t.is(totals.prunedBefore + totals.prunedNow, Math.floor(0.9 * SIZE + 0.5));
    t.is(steps.length, 16);
    t.is(
      steps.reduce((sum, { prunedNow }) => sum + prunedNow, 0),
      totals.prunedNow,
    );
    t.is(
      statistics.parameters.reduce((sum, { prunedNow }) => sum + prunedNow, 0),
      totals.prunedNow,
    );
    let before = 24;
    for (const { targetSparsity, prunedNow } of steps) {
      before += prunedNow;
      t.is(before, Math.max(24, Math.floor(Number(targetSparsity) * SIZE + 0.5)));
    }
    const predicted = steps.reduce(
      (sum, step) => sum + (step.predictedLossChange?.quadratic ?? 0),
      0,
    );
    const told = statistics.predictedLossChange?.quadratic ?? 0;
    t.true(Math.abs(predicted - told) <= 1e-12 * told);
  });

  test(`steps: the line search of a step begins where that of the step before ended (${engine})`, async (t) => {
    const target = parameters.map(({ data }) => data.map((w) => 0.8 * w));
    const { statistics } = await prune({
      parameters,
      gradients: source(),
      sparsity: 0.7,
      steps: 4,
      firstOrder: true,
      loss: (all) =>
        all.reduce(
          (sum, { data }, p) => sum + data.reduce((a, w, i) => a + (w - target[p][i]) ** 2, 0),
          0,
        ),
      engine,
      blockSize: 20,
    });
    statistics.steps.forEach(({ firstOrder }, k) => {
      const start = statistics.steps[k - 1]?.firstOrder?.step;
      const second = firstOrder?.search?.tried[1].step;
      t.is(second, start === undefined || start === 0 ? 0.1 : start);
    });
  });

  test(`steps: memory does not grow with them (${engine})`, async (t) => {
    const peak = async (steps: number): Promise<number> => {
      const options = {
        parameters,
        gradients: source(),
        sparsity: 0.8,
        schedule: 'linear',
        engine,
      } as const;
      const { statistics } = await prune({ ...options, steps });
      return Math.max(...statistics.phases.map(({ peakBytes }) => peakBytes));
    };
    t.is(await peak(8), await peak(2));
  });
}

test('steps: a source that fails in a later step ends the run with its error', async (t) => {
  const error = new Error('no more gradients');
  const good = source();
  const gradients = (step: GradientStep) => {
    if (step.index === 2) throw error;
    return good(step);
  };
  await t.throwsAsync(prune({ parameters, gradients, sparsity: 0.5, steps: 4 }), { is: error });
});

import test from 'ava';
import { BlockFisher, type LossFunction, type Parameter, prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { randomBatches, randomParameter, seeded } from '../random.js';

const random = seeded(21);
const parameters: Parameter[] = [
  { ...randomParameter('a', [9, 10], random), outputAxis: -1 },
  randomParameter('bias', [10], random),
  randomParameter('b', [8, 9], random),
];
const prunable = parameters.filter(({ name }) => name !== 'bias');
const gradients = randomBatches(prunable, [50, 30], random);
const options = { parameters, gradients, sparsity: 0.6, damping: 1e-2, blockSize: 17 };

/** A loss whose minimum is at the weights times 0.9. */
const loss: LossFunction = (all) =>
  all.reduce(
    (sum, { data }, p) =>
      sum + data.reduce((a, w, i) => a + (w - 0.9 * parameters[p].data[i]) ** 2, 0),
    0,
  );

for (const engine of ENGINES) {
  test(`first order: prune takes the step that it is given, in selection and update (${engine})`, async (t) => {
    await using fisher = await BlockFisher.create({ ...options, engine });
    for (const batch of gradients) await fisher.add(batch);
    const inverse = await fisher.invert();
    for (const selection of ['oneshot', 'greedy'] as const) {
      const run = await prune({ ...options, engine, selection, firstOrder: { step: 0.4 } });
      const masks = await inverse.select({ sparsity: 0.6, selection, firstOrder: 0.4 });
      const { weights } = await inverse.update({ masks, firstOrder: 0.4 });
      for (const { name, data, mask } of run.parameters.filter(({ name }) => name !== 'bias')) {
        t.deepEqual(mask, masks[name]);
        t.deepEqual(data, weights[name]);
      }
      t.deepEqual(run.statistics.steps[0].firstOrder, { step: 0.4, search: null });
      const without = await inverse.select({ sparsity: 0.6, selection });
      t.notDeepEqual(without, masks, 'the gradient takes part in the ranking');
    }
  });

  test(`first order: both rules lower what they minimise below that without the gradient (${engine})`, async (t) => {
    const objective = async (update: 'joint' | 'independent', step: number): Promise<number> => {
      const masks = await (async () => {
        await using fisher = await BlockFisher.create({ ...options, engine });
        for (const batch of gradients) await fisher.add(batch);
        const inverse = await fisher.invert();
        const selected = await inverse.select({ sparsity: 0.6 });
        const { predictedLossChange } = await inverse.update({
          masks: selected,
          rule: update,
          firstOrder: step,
        });
        return Object.values(predictedLossChange);
      })();
      return masks.reduce((sum, { quadratic, linear }) => sum + quadratic + linear, 0);
    };
    const joint = await objective('joint', 1);
    t.true(joint < (await objective('joint', 0)));
    t.true(joint < (await objective('joint', 0.5)));
    t.true(joint <= (await objective('independent', 1)));
  });

  test(`first order: the line search takes the best step it tried, and its weights are those of that step (${engine})`, async (t) => {
    let calls = 0;
    const seen = new Set<string>();
    const counted: LossFunction = async (all) => {
      calls++;
      seen.add(all.map(({ name, shape }) => `${name} ${shape}`).join());
      return loss(all);
    };
    const firstOrder = { step: 'line-search' } as const;
    const { parameters: found, statistics } = await prune({
      ...options,
      engine,
      firstOrder,
      loss: counted,
    });
    const [{ firstOrder: told }] = statistics.steps;
    const tried = told?.search?.tried ?? [];
    t.is(calls, tried.length + 1);
    t.true(calls <= 12);
    t.deepEqual([...seen], ['a 9,10,bias 10,b 8,9']);
    t.is(told?.search?.lossBefore, await loss(parameters));
    t.is(told?.search?.lossAfter, Math.min(...tried.map((one) => one.loss ?? Number.NaN)));
    // The first step selects without the gradient, so the mask is that of no step at all.
    await using fisher = await BlockFisher.create({ ...options, engine });
    for (const batch of gradients) await fisher.add(batch);
    const inverse = await fisher.invert();
    const masks = await inverse.select({ sparsity: 0.6 });
    const { weights } = await inverse.update({ masks, firstOrder: told?.step });
    for (const { name, data } of found.filter(({ name }) => name !== 'bias')) {
      t.deepEqual(data, weights[name]);
    }
    const after = await loss(found);
    t.true(Math.abs(after - (told?.search?.lossAfter ?? 0)) <= 1e-5 * after);
  });

  test(`first order: "true" searches where there is a loss, else takes the full step and warns (${engine})`, async (t) => {
    const searched = await prune({ ...options, engine, firstOrder: true, loss });
    t.truthy(searched.statistics.steps[0].firstOrder?.search);
    t.deepEqual(searched.statistics.warnings, []);
    const full = await prune({ ...options, engine, firstOrder: true });
    t.deepEqual(full.statistics.steps[0].firstOrder, { step: 1, search: null });
    t.regex(full.statistics.warnings.join(), /full step .* overshoots/);
  });
}

test('first order: a loss that is never finite, or no number, is an error that names it', async (t) => {
  const search = { ...options, firstOrder: { step: 'line-search' } } as const;
  await t.throwsAsync(prune({ ...search, loss: () => Number.NaN }), {
    code: 'ERR_WOODFISHER_NONFINITE',
    message: /^loss must be finite/,
  });
  await t.throwsAsync(prune({ ...search, loss: (() => '1') as unknown as LossFunction }), {
    code: 'ERR_WOODFISHER_OPTION',
    message: /^loss must be a function that gives a number, but is "1"/,
  });
  const error = new Error('the loss broke');
  await t.throwsAsync(
    prune({
      ...search,
      loss: () => {
        throw error;
      },
    }),
    { is: error },
  );
});

test('first order: an abort within the loss ends the run', async (t) => {
  const controller = new AbortController();
  let calls = 0;
  const run = prune({
    ...options,
    firstOrder: true,
    signal: controller.signal,
    loss: (all) => {
      if (++calls === 3) controller.abort(new Error('enough'));
      return loss(all);
    },
  });
  await t.throwsAsync(run, { message: 'enough' });
  t.is(calls, 3);
});

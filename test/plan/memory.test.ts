import test from 'ava';
import fc from 'fast-check';
import { BlockFisher, estimate, type Parameter, prune } from '../../src/index.js';
import { memoryOf, type PlannedMemory } from '../../src/plan/memory.js';
import { planRun } from '../../src/plan/run-plan.js';
import type { RunSettings } from '../../src/plan/run-settings.js';
import { ENGINES } from '../engines.js';
import { randomBatches, randomParameter, seeded } from '../random.js';
import { runSettings, shapes } from './settings.js';

const engine = ENGINES[ENGINES.length - 1];
const random = seeded(31);

/** Shapes, block size, batches and solver of a run that may be. */
const runs = fc.record({
  shapes: shapes(60),
  blockSize: fc.integer({ min: 1, max: 150 }),
  counts: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 }),
  solver: fc.constantFrom('gram' as const, 'dual' as const, 'woodbury' as const),
  threads: fc.integer({ min: 1, max: 3 }),
  selection: fc.constantFrom('oneshot' as const, 'greedy' as const),
  firstOrder: fc.constantFrom(undefined, 'step' as const, 'search' as const),
});

/** What asks for the first-order term. */
const FIRST_ORDER = {
  step: { firstOrder: { step: 0.1 } },
  search: { firstOrder: true, loss: () => 1 },
};

function sampled({ shapes: all, counts }: { shapes: RunSettings['parameters']; counts: number[] }) {
  const parameters = all.map(({ name, shape, outputAxis }): Parameter => {
    return { ...randomParameter(name, shape, random), outputAxis };
  });
  const prunable = parameters.filter(({ shape }) => shape.length > 1);
  const [first] = counts;
  // All batches but the last are of the same size.
  const sizes = counts.map((count, i) => (i < counts.length - 1 ? first : Math.min(count, first)));
  const gradients = randomBatches(prunable, sizes, random);
  return { parameters, prunable, gradients, gradientBatch: first };
}

function total(gradients: readonly object[], batch: number, last: number): number {
  return (gradients.length - 1) * batch + last;
}

test('a run takes the shared memory that is planned, but for counts of equal digits', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      runs,
      async ({ solver, blockSize, threads, selection, firstOrder, ...data }) => {
        const { parameters, prunable, gradients, gradientBatch } = sampled(data);
        const [{ name, data: weights }] = parameters;
        const last = gradients[gradients.length - 1][name].length / weights.length;
        const samples = total(gradients, gradientBatch, last);
        const longest = Math.min(blockSize, Math.max(...prunable.map((p) => p.data.length)));
        fc.pre(solver !== 'dual' || samples < longest);
        const options = { parameters, blockSize, solver, samples, damping: 0.1, threads, engine };
        const method = { selection, ...(firstOrder && FIRST_ORDER[firstOrder]) };
        const settings = runSettings({ ...options, selection, firstOrder, gradientBatch });

        const fisher = await BlockFisher.create(options);
        for (const batch of gradients) await fisher.add(batch);
        await fisher.invert();
        t.is(fisher.peakBytes, memoryOf(planRun({ ...settings, run: 'fisher' })).shared);
        await fisher.dispose();

        const { statistics } = await prune({ ...options, ...method, gradients, sparsity: 0.5 });
        const peak = Math.max(...statistics.phases.map(({ peakBytes }) => peakBytes));
        const planned = memoryOf(planRun(settings));
        t.true(peak <= planned.shared);
        // The statistics count quantiles when the phases are over: take these out.
        t.true(peak >= beforeStatistics(planned), `${peak} of ${JSON.stringify(planned)}`);
      },
    ),
    { numRuns: 60 },
  );
});

test('compact blocks take the memory of the weights that are still there', async (t) => {
  const parameters = [
    [30, 40],
    [25, 8],
    [6, 6],
  ].map(([rows, columns], i): Parameter => {
    const parameter = { ...randomParameter(`p${i}`, [rows, columns], random), outputAxis: i % 2 };
    const share = [0.1, 0.6, 0][i];
    return {
      ...parameter,
      mask: Uint8Array.from(parameter.data, () => (random() < share ? 1 : 0)),
    };
  });
  const survivors = parameters.map(({ mask }) => mask?.reduce((sum, bit) => sum + bit, 0));
  const shapes = parameters.map(({ name, shape }, i) => ({
    ...{ name, shape, outputAxis: i % 2, survivors: survivors[i] },
  }));
  const gradients = randomBatches(parameters, [12, 12], random);
  const options = { blockSize: 30, samples: 24, damping: 0.1, threads: 1, engine, sparsity: 0.95 };
  for (const solver of ['gram', 'dual', 'woodbury'] as const) {
    for (const selection of ['oneshot', 'greedy'] as const) {
      const run = { ...options, parameters, solver, selection, blocks: 'compact' as const };
      const settings = runSettings({ ...run, parameters: shapes, gradientBatch: 12 });
      const planned = memoryOf(planRun(settings));
      const { statistics } = await prune({ ...run, gradients });
      const peak = Math.max(...statistics.phases.map(({ peakBytes }) => peakBytes));
      t.true(peak <= planned.shared);
      t.true(peak >= beforeStatistics(planned));
      const estimated = await estimate({ ...run, parameters: shapes, gradientBatch: 12 });
      t.deepEqual(estimated.bytes.shared, planned.shared);
      const whole = memoryOf(planRun({ ...settings, parameters }));
      t.true(planned.state < whole.state / 4);
      // A limit that is too low for blocks of the parameter is enough for compact ones.
      const memoryLimit = planned.total;
      await t.notThrowsAsync(prune({ ...run, gradients, memoryLimit, gradientBatch: 12 }));
      const { blocks: _, ...plain } = run;
      await t.throwsAsync(prune({ ...plain, gradients, memoryLimit, gradientBatch: 12 }), {
        code: 'ERR_WOODFISHER_MEMORY',
      });
    }
  }
  const more = [{ name: 'w', shape: [4, 5], survivors: 21 }];
  await t.throwsAsync(estimate({ parameters: more, blocks: 'compact' }), {
    message: /^survivors of "w" must be a whole number from 0 to 20/,
  });
});

/** The peak without the counts of the quantiles. */
function beforeStatistics({ weights, state, sums, batches, results }: PlannedMemory): number {
  return weights + state + sums + Math.max(batches, results);
}

test('the rounding errors of gram are counted from the batch on that needs them', async (t) => {
  const parameters = [randomParameter('a', [20, 10], random)];
  const plan = (samples: number) =>
    memoryOf(planRun(runSettings({ parameters, solver: 'gram', samples, gradientBatch: 1 })));
  t.is(plan(401).state, 2 * plan(400).state);
  const fisher = await BlockFisher.create({ parameters, engine });
  const [batch] = randomBatches(parameters, [1], random);
  for (let i = 0; i < 400; i++) await fisher.add(batch);
  const before = fisher.peakBytes;
  await fisher.add(batch);
  const grown = fisher.peakBytes - before - plan(400).state;
  t.true(Math.abs(grown) <= 2 * batch.a.byteLength, `${grown} bytes`);
  await fisher.dispose();
});

test('two batches are counted, or one where all samples come in one', (t) => {
  const batches = (samples: number | undefined) =>
    memoryOf(planRun(runSettings({ samples, solver: 'gram' }))).batches;
  t.is(batches(undefined), 2 * 128 * 4 * 230_000);
  t.is(batches(100), 100 * 4 * 230_000);
  t.is(batches(200), 200 * 4 * 230_000);
});

test('factors take what they hold, not what they stand for', (t) => {
  const factored = new Set(['b']);
  const planned = memoryOf(planRun(runSettings({ factored, solver: 'gram' })));
  t.is(planned.batches, 2 * 128 * 4 * (30_000 + 1000 + 200));
});

test('a run without a Fisher takes weights, scores and masks', (t) => {
  const planned = memoryOf(planRun(runSettings({ solver: undefined, criterion: 'magnitude' })));
  t.deepEqual([planned.state, planned.sums, planned.batches, planned.scratch], [0, 0, 0, 0]);
  t.is(planned.results, 230_000 * 9);
});

test('a plan is made of shapes alone, as large as they may be', (t) => {
  const parameters = [{ name: 'huge', shape: [20_000, 26_000] }];
  const planned = memoryOf(planRun(runSettings({ parameters, solver: 'gram' })));
  t.true(planned.total > 5.2e8 * 400);
});

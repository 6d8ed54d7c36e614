import test from 'ava';
import {
  type GradientStep,
  PRESET_OPTIONS,
  PRESETS,
  type PruneOptions,
  presetSamples,
  prune,
} from '../src/index.js';
import { randomBatches, randomParameter, seeded } from './random.js';

const random = seeded(91);
const parameters = [randomParameter('a', [12, 20], random), randomParameter('b', [4, 12], random)];
const batches = randomBatches(parameters, [40], random);
const loss: PruneOptions['loss'] = ([{ data }]) =>
  data.reduce((sum, w, i) => sum + (w - parameters[0].data[i]) ** 2, 0);
const run = { parameters, sparsity: 0.7, gradients: () => batches, loss };

for (const preset of PRESETS) {
  test(`preset ${preset} is the run with its options`, async (t) => {
    const needsLoss = PRESET_OPTIONS[preset].firstOrder !== undefined;
    const known = { ...run, loss: needsLoss ? loss : undefined };
    const named = await prune({ ...known, preset });
    const spelled = await prune({ ...known, ...PRESET_OPTIONS[preset] });
    t.deepEqual(named.parameters, spelled.parameters);
    t.is(named.statistics.preset, preset);
    t.is(spelled.statistics.preset, null);
    t.is(named.statistics.steps.length, PRESET_OPTIONS[preset].steps ?? 1);
  });
}

test('options that are given go before those of the preset, undefined ones do not', async (t) => {
  const { statistics } = await prune({
    ...run,
    preset: 'best',
    steps: 3,
    blockSize: 7,
    selection: undefined,
  });
  t.is(statistics.steps.length, 3);
  t.is(statistics.blockSize, 7);
  t.is(statistics.selection, 'greedy');
  t.is(statistics.blocks, 'compact');
});

test('one step goes without the schedule of the preset', async (t) => {
  const { statistics } = await prune({ ...run, preset: 'best', steps: 1 });
  t.is(statistics.steps.length, 1);
  t.is(statistics.schedule, null);
  const refused = prune({ ...run, preset: 'best', steps: 1, schedule: 'linear' });
  await t.throwsAsync(refused, { message: /schedule "linear" is for several steps/ });
});

test('each step is told how many samples the preset is made for', async (t) => {
  const asked: GradientStep[] = [];
  const gradients = (step: GradientStep) => {
    asked.push(step);
    return batches;
  };
  await prune({ ...run, preset: 'best', gradients });
  t.deepEqual(
    asked.map(({ advisedSamples }) => advisedSamples),
    asked.map((_, index) => presetSamples('best', index)),
  );
  t.is(presetSamples('best', 0), 2000);
  t.true(presetSamples('best', 31) > 38_000);
  await prune({ parameters, sparsity: 0.5, gradients });
  t.is(asked.at(-1)?.advisedSamples, undefined);
});

test('each step of preset best removes at least one weight', async (t) => {
  const { statistics } = await prune({ ...run, preset: 'best' });
  for (const { prunedNow } of statistics.steps) t.true(prunedNow >= 1);
});

test('what a preset needs and is missing is named', async (t) => {
  const refused = async (options: Partial<PruneOptions>, message: RegExp): Promise<void> => {
    await t.throwsAsync(prune({ ...run, ...options }), { code: 'ERR_WOODFISHER_OPTION', message });
  };
  await refused({ preset: 'best', gradients: batches }, /"best" takes gradients again at each/);
  await refused({ preset: 'best', loss: undefined }, /"best" searches .* give loss/);
  await refused({ preset: 'quick' as 'fast' }, /preset must be one of paper, fast, best/);
});

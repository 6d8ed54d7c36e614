import test from 'ava';
import { BlockFisher, prune, WoodFisherError } from '../src/index.js';
import type { PruneOptions } from '../src/prune-options.js';
import { randomBatches, randomParameter, seeded } from './random.js';

const random = seeded(2);
const parameters = [randomParameter('a', [4, 5], random)];
const gradients = randomBatches(parameters, [6], random);
const each = () => gradients;

function refused(
  title: string,
  options: Partial<PruneOptions>,
  option: string,
  message: RegExp,
): void {
  test(`refused: ${title}`, async (t) => {
    const error = await t.throwsAsync(prune({ parameters, gradients, sparsity: 0.5, ...options }), {
      instanceOf: WoodFisherError,
      code: 'ERR_WOODFISHER_OPTION',
      message,
    });
    t.is(error.details.option, option);
  });
}

const greedy = { selection: 'greedy' } as const;
refused('greedy × none', { ...greedy, update: 'none' }, 'selection', /update "none" does not do/);
refused(
  'greedy × independent',
  { ...greedy, update: 'independent' },
  'selection',
  /update "independent" does not do; use update "joint"/,
);
for (const criterion of ['magnitude', 'diagonal-fisher'] as const) {
  refused(
    `greedy × ${criterion}`,
    { ...greedy, criterion },
    'selection',
    new RegExp(`criterion "${criterion}" has no part in it`),
  );
}
refused(
  'a selection that is none',
  { selection: 'best' as 'greedy' },
  'selection',
  /^selection must be one of oneshot, greedy, but is "best"/,
);
refused(
  'firstOrder × none',
  { firstOrder: { step: 0.1 }, update: 'none' },
  'firstOrder',
  /update "none" leaves as they are/,
);
refused(
  'firstOrder without gradients',
  { firstOrder: { step: 0.1 }, criterion: 'magnitude', gradients: undefined },
  'firstOrder',
  /update "none"/,
);
for (const step of [-0.1, 1.1, Number.NaN]) {
  refused(
    `firstOrder with step ${step}`,
    { firstOrder: { step } },
    'firstOrder',
    /^firstOrder must be a step from 0 to 1, but is/,
  );
}
refused(
  'firstOrder without a step',
  { firstOrder: {} as { step: number } },
  'firstOrder',
  /^firstOrder must be true, false or/,
);
refused('a line search without loss', { firstOrder: { step: 'line-search' } }, 'loss', /held-out/);
refused(
  'a loss that is no function',
  { loss: 1 as unknown as () => number, firstOrder: true },
  'loss',
  /^loss must be a function, but is 1/,
);
for (const steps of [0, 65, 1.5]) {
  refused(
    `steps ${steps}`,
    { steps, gradients: each },
    'steps',
    /^steps must be .* 1 to 64, but is/,
  );
}
refused('steps with gradients for one', { steps: 2 }, 'steps', /give gradients as a function/);
refused(
  'steps without gradients',
  { steps: 2, gradients: undefined, criterion: 'magnitude' },
  'steps',
  /give gradients as a function/,
);
refused('a schedule for one step', { schedule: 'cubic' }, 'schedule', /but steps is 1/);
refused(
  'a geometric schedule down to nothing',
  { steps: 2, gradients: each, schedule: 'geometric', sparsity: 1 },
  'schedule',
  /never comes to sparsity 1/,
);

test('refused: greedy × another criterion, and steps beyond [0, 1], by the inverse too', async (t) => {
  await using fisher = await BlockFisher.create({ parameters });
  await fisher.add(gradients[0]);
  const inverse = await fisher.invert();
  await t.throwsAsync(
    inverse.select({ sparsity: 0.5, selection: 'greedy', criterion: 'magnitude' }),
    { message: /has no part in it/ },
  );
  const message = /^firstOrder must be a step from 0 to 1, but is 2/;
  const masks = { a: new Uint8Array(20).fill(1) };
  await t.throwsAsync(inverse.trace({ firstOrder: 2 }), { message });
  await t.throwsAsync(inverse.saliency({ firstOrder: 2 }), { message });
  await t.throwsAsync(inverse.update({ masks, firstOrder: 2 }), { message });
  await t.throwsAsync(inverse.groupSaliency('a', [[1]], { firstOrder: 2 }), { message });
});

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { BlockFisher, type PruneOptions, prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { randomBatches, randomParameter, seeded } from '../random.js';

const random = seeded(81);
const mask = Uint8Array.from({ length: 80 }, (_, i) => (i % 5 === 0 ? 0 : 1));
const parameters = [
  { ...randomParameter('a', [8, 10], random), mask, outputAxis: 1 },
  randomParameter('b', [6, 7], random),
  randomParameter('bias', [6], random),
];
const gradients = randomBatches(parameters, [30], random);
const run = { parameters, sparsity: 0.6, blockSize: 16 };

for (const engine of ENGINES) {
  for (const solver of ['gram', 'dual', 'woodbury'] as const) {
    test(`pruning with a saved Fisher, or a live one, is pruning with its gradients (${solver}, ${engine})`, async (t) => {
      const file = join(await temporaryFolder(t), 'state');
      const some = solver === 'dual' ? randomBatches(parameters, [9], seeded(3)) : gradients;
      const samples = solver === 'dual' ? 9 : 30;
      const known = { ...run, engine, solver, samples, damping: 1e-3 };
      const expected = await prune({ ...known, gradients: some, saveFisher: file });
      const rest = { parameters, sparsity: 0.6, engine, damping: 1e-3 };
      const saved = await prune({ ...rest, fisher: file });
      t.deepEqual(saved.parameters, expected.parameters);
      t.is(saved.statistics.samples, samples);
      t.is(saved.statistics.blockSize, 16);
      t.is(saved.statistics.solver?.name, solver);
      t.deepEqual(saved.statistics.predictedLossChange, expected.statistics.predictedLossChange);
      await using live = await BlockFisher.load(file, { engine });
      t.deepEqual((await prune({ ...rest, fisher: live })).parameters, expected.parameters);
    });
  }

  test(`one saved Fisher serves dampings, sparsities, criteria and methods (${engine})`, async (t) => {
    const file = join(await temporaryFolder(t), 'state');
    const known = { ...run, engine, solver: 'gram' } as const;
    await prune({ ...known, gradients, saveFisher: file });
    for (const more of [
      { damping: { relative: 0.1 } },
      { sparsity: 0.9, criterion: 'diagonal-fisher', update: 'independent' },
      { selection: 'greedy', firstOrder: { step: 0.3 } },
      { centred: true, scope: 'layer' },
    ] as const) {
      const expected = await prune({ ...known, ...more, gradients });
      const saved = await prune({ parameters, sparsity: 0.6, engine, ...more, fisher: file });
      t.deepEqual(saved.parameters, expected.parameters);
    }
  });
}

test('a sweep is reported beside the run, which is not changed by it', async (t) => {
  const plain = await prune({ ...run, gradients, damping: 1e-3 });
  const swept = await prune({ ...run, gradients, damping: 1e-3, dampingSweep: [1e-3, 1e-1] });
  t.deepEqual(swept.parameters, plain.parameters);
  t.is(plain.statistics.dampingSweep, null);
  const [same, other] = swept.statistics.dampingSweep ?? [];
  t.is(same.quadratic, plain.statistics.predictedLossChange?.quadratic ?? 0);
  t.deepEqual(other.lambda, { a: 0.1, b: 0.1 });
  t.true(other.overlap < 1);
});

test('a saved Fisher of another model is refused, and what differs is named', async (t) => {
  const file = join(await temporaryFolder(t), 'state');
  await prune({ ...run, gradients, saveFisher: file, solver: 'gram' });
  const [a, b, bias] = parameters;
  const refused = async (more: Partial<PruneOptions>, message: RegExp): Promise<void> => {
    await t.throwsAsync(prune({ parameters, sparsity: 0.6, fisher: file, ...more }), { message });
  };
  await refused({ parameters: [a, bias] }, /list of its parameters, "a", "b", must be "a"/);
  await refused({ parameters: [{ ...a, mask: undefined }, b] }, /mask of "a", 0, must be 1 at 0/);
  await refused({ parameters: [{ ...a, outputAxis: 0 }, b] }, /output axis of "a", 1, must be 0/);
  await refused(
    { parameters: [a, { ...b, shape: [7, 6] }] },
    /the shape of "b", \[6,7\], must be \[7,6\]/,
  );
  await refused({ blockSize: 10 }, /blockSize of .* is 16, but 10 is asked for/);
  await refused({ solver: 'dual' }, /solver of .* is gram, but dual is asked for/);
  await refused({ samples: 31 }, /samples of .* is 30, but 31 is asked for/);
  await refused({ examplesPerSample: 2 }, /examplesPerSample of .* is 1, but 2 is asked for/);
});

test('a Fisher of other weights is used, and the statistics say so', async (t) => {
  const file = join(await temporaryFolder(t), 'state');
  await prune({ ...run, gradients, saveFisher: file });
  const moved = [parameters[0], { ...parameters[1], data: parameters[1].data.map((w) => w * 1.5) }];
  const { statistics } = await prune({ parameters: moved, sparsity: 0.6, fisher: file });
  t.true(statistics.advice.some((sentence) => sentence.startsWith('weights differ from those')));
  const same = await prune({ parameters, sparsity: 0.6, fisher: file });
  t.false(same.statistics.advice.some((sentence) => sentence.startsWith('weights differ')));
});

test('a Fisher that is saved stays when the run fails afterwards', async (t) => {
  const file = join(await temporaryFolder(t), 'state');
  const controller = new AbortController();
  const failing = prune({
    ...{ ...run, gradients, saveFisher: file, signal: controller.signal },
    onProgress: ({ phase }) => {
      if (phase === 'invert') controller.abort(new Error('enough'));
    },
  });
  await t.throwsAsync(failing, { message: 'enough' });
  await t.notThrowsAsync(access(file));
  await t.notThrowsAsync(prune({ parameters, sparsity: 0.6, fisher: file }));
});

test('options that do not go together are refused with the reason', async (t) => {
  const refused = async (more: Partial<PruneOptions>, message: RegExp): Promise<void> => {
    await t.throwsAsync(prune({ ...run, ...more }), { code: 'ERR_WOODFISHER_OPTION', message });
  };
  await refused({ gradients, fisher: 'f' }, /fisher stands in place of gradients/);
  await refused({ fisher: 'f', saveFisher: 'g' }, /saveFisher saves the Fisher of the gradients/);
  await refused({ fisher: 'f', steps: 2 }, /steps 2 takes gradients again at each step/);
  const each = { gradients: () => gradients, steps: 2 };
  await refused({ ...each, saveFisher: 'g' }, /each of the 2 steps has one of its own/);
  await refused({ ...each, dampingSweep: [1] }, /compares one step .* leave steps out/);
  await refused({ gradients, dampingSweep: [] }, /dampingSweep must be a list of at least one/);
  await refused({ gradients, dampingSweep: [1], selection: 'greedy' }, /not by "greedy"/);
  await refused({ gradients, dampingSweep: [1], firstOrder: { step: 1 } }, /leave firstOrder out/);
  const magnitude = { criterion: 'magnitude', update: 'none' } as const;
  await refused({ ...magnitude, dampingSweep: [1] }, /not by "magnitude"/);
});

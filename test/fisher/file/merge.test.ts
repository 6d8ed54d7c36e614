import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { BlockFisher, type BlockFisherOptions } from '../../../src/index.js';
import { ENGINES } from '../../engines.js';
import { temporaryFolder } from '../../formats/temporary-folder.js';
import { randomBatches, randomParameter, seeded } from '../../random.js';

const random = seeded(42);
const parameters = [
  { ...randomParameter('a', [7, 11], random), outputAxis: 1 },
  randomParameter('b', [5, 3], random),
];
const batches = randomBatches(parameters, [4, 9, 1], random);

async function filled(
  options: Partial<BlockFisherOptions>,
  given: readonly Record<string, Float32Array>[],
): Promise<BlockFisher> {
  const fisher = await BlockFisher.create({
    parameters,
    blockSize: 16,
    solver: 'gram',
    ...options,
  });
  for (const batch of given) await fisher.add(batch);
  return fisher;
}

for (const engine of ENGINES) {
  for (const solver of ['gram', 'dual'] as const) {
    test(`the Fishers of N1 and N2 samples merge into that of N1 + N2 (${solver}, ${engine})`, async (t) => {
      const file = join(await temporaryFolder(t), 'state');
      const samples = (count: number) => (solver === 'dual' ? count : undefined);
      const of = (count: number) => ({ engine, solver, samples: samples(count) });
      await using first = await filled(of(4), batches.slice(0, 1));
      await using second = await filled(of(9), batches.slice(1, 2));
      await using third = await filled(of(1), batches.slice(2));
      await second.save(file);
      await using merged = await BlockFisher.merge([first, file, third], { engine });
      await using whole = await filled(of(14), batches);
      t.is(merged.samples, 14);
      const [x, y] = await Promise.all([merged, whole].map((f) => f.invert({ damping: 1e-2 })));
      const [dx, dy] = [await x.diagonal(), await y.diagonal()];
      for (const name of ['a', 'b']) {
        t.true(dx[name].every((d, i) => Math.abs(d - dy[name][i]) <= 1e-12 * dy[name][i]));
      }
      t.deepEqual(await x.select({ sparsity: 0.7 }), await y.select({ sparsity: 0.7 }));
      t.is((await first.invert()).samples, 4);
    });
  }

  test(`the rounding errors of long sums go along (${engine})`, async (t) => {
    const file = join(await temporaryFolder(t), 'state');
    const small = [randomParameter('w', [4, 2], seeded(3))];
    const samples = randomBatches(small, Array(450).fill(1), seeded(4), 1e4);
    const long = await BlockFisher.create({ parameters: small, engine, solver: 'gram' });
    for (const sample of samples) await long.add(sample);
    await long.save(file);
    await using loaded = await BlockFisher.load(file, { engine });
    await using other = await BlockFisher.create({ parameters: small, engine, solver: 'gram' });
    for (const sample of samples.slice(0, 300)) {
      await long.add(sample);
      await loaded.add(sample);
      await other.add(sample);
    }
    await using merged = await BlockFisher.merge([file, other], { engine });
    const [x, y, z] = await Promise.all(
      [long, loaded, merged].map(async (f) => (await f.invert({ damping: 1e-6 })).diagonal()),
    );
    t.deepEqual(y, x);
    t.true(z.w.every((d, i) => Math.abs(d - x.w[i]) <= 1e-12 * x.w[i]));
    await long.dispose();
  });
}

test('any split of the samples merges into the same mask', async (t) => {
  await using whole = await filled({}, batches);
  const expected = await (await whole.invert()).select({ sparsity: 0.5 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(2), { minLength: 3, maxLength: 3 }), async (parts) => {
      const groups = [0, 1, 2]
        .map((part) => batches.filter((_, i) => parts[i] === part))
        .filter((group) => group.length > 0);
      const fishers = await Promise.all(groups.map((group) => filled({}, group)));
      await using merged = await BlockFisher.merge(fishers);
      t.deepEqual(await (await merged.invert()).select({ sparsity: 0.5 }), expected);
      await Promise.all(fishers.map((fisher) => fisher.dispose()));
    }),
    { numRuns: 10 },
  );
});

test('states that do not belong together are refused, and what differs is named', async (t) => {
  await using a = await filled({}, batches);
  const weights = [parameters[0], randomParameter('b', [5, 3], random)];
  const mask = new Uint8Array(15).fill(1);
  mask[7] = 0;
  const others: [Partial<BlockFisherOptions>, RegExp][] = [
    [{ blockSize: 15 }, /blockSize differs, "15" and "16"/],
    [{ parameters: weights }, /weight 0 of parameter "b" differs/],
    [{ parameters: [parameters[1], parameters[0]] }, /list of prunable .* "b, a" and "a, b"/],
    [{ parameters: [parameters[0], { ...parameters[1], mask }] }, /mask 7 of parameter "b"/],
    [
      { parameters: [{ ...parameters[0], outputAxis: 0 }, parameters[1]] },
      /outputAxis of parameter "a" differs, "0" and "1"/,
    ],
    [{ solver: 'dual', samples: 14 }, /solver differs, "dual" and "gram"/],
    [
      { solver: 'woodbury', samples: 14, damping: 1 },
      /keeps the inverse, in which the samples can no longer be told apart/,
    ],
  ];
  for (const [options, message] of others) {
    await using b = await filled(options, batches);
    await t.throwsAsync(BlockFisher.merge([a, b]), { code: 'ERR_WOODFISHER_STATE', message });
  }
  await t.throwsAsync(BlockFisher.merge([]), { message: /no Fisher to merge/ });
});

test('dual states with too many samples together are refused', async (t) => {
  await using a = await filled({ solver: 'dual', samples: 14 }, batches);
  await using b = await filled({ solver: 'dual', samples: 9 }, [batches[1]]);
  await t.throwsAsync(BlockFisher.merge([a, b]), {
    message: /23 samples together, and solver "dual" is accurate only with fewer .* \(16\)/,
  });
});

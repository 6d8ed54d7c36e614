import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { BlockFisher, type BlockFisherOptions, WoodFisherError } from '../../../src/index.js';
import { ENGINES } from '../../engines.js';
import { temporaryFolder } from '../../formats/temporary-folder.js';
import { randomArray, randomBatches, randomParameter, seeded } from '../../random.js';

const random = seeded(41);
const mask = Uint8Array.from({ length: 77 }, (_, i) => (i % 5 === 0 ? 0 : 1));
const parameters = [
  { ...randomParameter('a', [7, 11], random), mask, outputAxis: -1 },
  randomParameter('b', [5, 3], random),
  randomParameter('bias', [3], random),
];
const prunable = parameters.slice(0, 2);
const batches = randomBatches(prunable, [4, 9, 1], random);
const BLOCK = { parameters, blockSize: 16 };
const STATES = {
  gram: { ...BLOCK, solver: 'gram' },
  dual: { ...BLOCK, solver: 'dual', samples: 14 },
  woodbury: { ...BLOCK, solver: 'woodbury', samples: 14, damping: 1e-3 },
} as const satisfies Record<string, BlockFisherOptions>;

async function filled(
  options: BlockFisherOptions,
  given: readonly Record<string, Float32Array>[] = batches,
): Promise<BlockFisher> {
  const fisher = await BlockFisher.create(options);
  for (const batch of given) await fisher.add(batch);
  return fisher;
}

const vector = { a: randomArray(77, random), b: randomArray(15, random) };

/** What an inverse says, for comparisons. */
async function answers(fisher: BlockFisher) {
  const inverse = await fisher.invert({ damping: 1e-3 });
  const masks = await inverse.select({ sparsity: 0.5 });
  return {
    diagonal: await inverse.diagonal(),
    product: await inverse.multiply(vector),
    ...(await inverse.update({ masks })),
    masks,
    samples: fisher.samples,
  };
}

for (const engine of ENGINES) {
  for (const [solver, options] of Object.entries(STATES)) {
    test(`a loaded Fisher answers as the saved one, bit for bit (${solver}, ${engine})`, async (t) => {
      const file = join(await temporaryFolder(t), 'state');
      await using fisher = await filled({ ...options, engine });
      await fisher.save(file);
      await using loaded = await BlockFisher.load(file, { engine });
      t.is(loaded.solver.name, fisher.solver.name);
      t.is(loaded.blockSize, 16);
      t.deepEqual(await answers(loaded), await answers(fisher));
      const again = `${file}-again`;
      await loaded.save(again);
      t.deepEqual(await readFile(again), await readFile(file));
    });
  }

  test(`compact blocks are loaded as such, parameters without weights included (${engine})`, async (t) => {
    const folder = await temporaryFolder(t);
    const gone = { ...parameters[1], mask: new Uint8Array(15) };
    for (const [solver, options] of Object.entries(STATES)) {
      for (const all of [parameters, [parameters[0], gone, parameters[2]]]) {
        const file = join(folder, solver);
        const compact = { ...options, parameters: all, engine, blocks: 'compact' } as const;
        await using fisher = await filled(compact);
        await fisher.save(file);
        await using loaded = await BlockFisher.load(file, { engine });
        t.is(loaded.blocks, 'compact');
        t.deepEqual(await answers(loaded), await answers(fisher));
        const again = `${file}-again`;
        await loaded.save(again);
        t.deepEqual(await readFile(again), await readFile(file));
      }
    }
    await using halves = await filled({ ...STATES.gram, engine, blocks: 'compact' });
    await using plain = await filled({ ...STATES.gram, engine });
    await using twice = await BlockFisher.merge([halves, halves], { engine });
    t.is(twice.samples, 28);
    await t.throwsAsync(BlockFisher.merge([halves, plain], { engine }), {
      message: /cannot be merged with .*: blocks differs, "parameter" and "compact"/,
    });
  });

  test(`a loaded gram state takes further samples (${engine})`, async (t) => {
    const file = join(await temporaryFolder(t), 'state');
    await using first = await filled({ ...STATES.gram, engine }, batches.slice(0, 1));
    await first.save(file);
    await using loaded = await BlockFisher.load(file, { engine });
    const bias = new Float32Array(9 * 3);
    await loaded.add({ ...batches[1], bias });
    await loaded.add(batches[2]);
    await using whole = await filled({ ...STATES.gram, engine });
    t.deepEqual(await answers(loaded), await answers(whole));
  });
}

test('a saved state goes to any engine', async (t) => {
  const file = join(await temporaryFolder(t), 'state');
  await using fisher = await filled({ ...STATES.gram, engine: ENGINES[0] });
  await fisher.save(file);
  const [expected] = await Promise.all([answers(fisher)]);
  for (const engine of ENGINES) {
    await using loaded = await BlockFisher.load(file, { engine });
    const { diagonal } = await answers(loaded);
    for (const name of ['a', 'b']) {
      t.true(diagonal[name].every((d, i) => Math.abs(d / expected.diagonal[name][i] - 1) < 1e-12));
    }
  }
});

test('samples that come while a state is saved make saving fail, and the old file stays', async (t) => {
  const file = join(await temporaryFolder(t), 'state');
  await writeFile(file, 'old');
  await using fisher = await filled(STATES.gram);
  const saving = fisher.save(file);
  await Promise.all([
    t.throwsAsync(saving, { message: /what is saved is of 14 samples, but the Fisher has 18/ }),
    fisher.add(batches[0]),
  ]);
  t.is(await readFile(file, 'utf8'), 'old');
});

test('without samples there is nothing to save, and a disposed Fisher cannot be saved', async (t) => {
  const file = join(await temporaryFolder(t), 'state');
  const fisher = await BlockFisher.create(STATES.gram);
  await t.throwsAsync(fisher.save(file), { message: /no gradient samples/ });
  await fisher.dispose();
  await t.throwsAsync(fisher.save(file), { message: /disposed/ });
});

test('damaged files are refused with a clear error, and never crash or hang', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'state');
  await using fisher = await filled(STATES.gram);
  await fisher.save(file);
  const good = await readFile(file);
  const headerEnd = 8 + Number(good.readBigUint64LE(0));
  const bad = join(folder, 'bad');
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: headerEnd - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, flip) => {
        const bytes = Buffer.from(good);
        bytes[at] ^= flip;
        await writeFile(bad, bytes);
        try {
          await using loaded = await BlockFisher.load(bad);
          t.true(loaded.samples > 0); // a name, or a number, that may as well be
        } catch (error) {
          t.true(error instanceof WoodFisherError, String(error));
        }
      },
    ),
    { numRuns: 150 },
  );
  await writeFile(bad, good);
  await truncate(bad, good.length - 8);
  await t.throwsAsync(BlockFisher.load(bad), { code: 'ERR_WOODFISHER_FORMAT' });
});

test('what a file must have is said by name', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'state');
  await using fisher = await filled(STATES.gram);
  await fisher.save(file);
  const good = await readFile(file);
  const refused = async (from: string, to: string, message: RegExp): Promise<void> => {
    const bytes = Buffer.from(good);
    const at = bytes.indexOf(from);
    t.true(at >= 0 && from.length === to.length, `${from} is not in the file`);
    bytes.write(to, at);
    await writeFile(file, bytes);
    await t.throwsAsync(BlockFisher.load(file), { code: 'ERR_WOODFISHER_FORMAT', message });
  };
  await refused('woodfisher.fisher', 'woodfisher.masked', /is no saved Fisher: .* format "woodf/);
  await refused('"version":"1"', '"version":"7"', /has version "7", and only version "1"/);
  await refused('\\"samples\\":14', '\\"samples\\":-4', /"samples" .* at least 1, but is "-4"/);
  await refused('\\"blockSize\\":16', '\\"blockSize\\":15', /must cut the 77 weights into blocks/);
  await refused('"mask:b"', '"musk:b"', /has no tensor "mask:b"/);
  await refused('"dtype":"U32"', '"dtype":"I32"', /"starts:a" must be U32 \[6\], but is I32/);
  await writeFile(file, 'no such file at all');
  await t.throwsAsync(BlockFisher.load(file), { code: 'ERR_WOODFISHER_FORMAT' });
  await t.throwsAsync(BlockFisher.load(join(folder, 'none')), { message: /cannot be opened/ });
});

test('numbers that are not finite are refused by tensor and index', async (t) => {
  const file = join(await temporaryFolder(t), 'state');
  await using fisher = await filled(STATES.gram);
  await fisher.save(file);
  const bytes = await readFile(file);
  bytes.writeDoubleLE(Number.NaN, bytes.length - 8);
  await writeFile(file, bytes);
  await t.throwsAsync(BlockFisher.load(file), {
    message: /tensor "triangles:b" must be finite, but is NaN at index 119/,
  });
});

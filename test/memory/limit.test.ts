import test from 'ava';
import { BlockFisher, type Parameter, prune } from '../../src/index.js';
import { memoryOf } from '../../src/plan/memory.js';
import { planRun } from '../../src/plan/run-plan.js';
import { runSettings } from '../plan/settings.js';
import { randomArray, randomBatches, randomParameter, seeded } from '../random.js';

const random = seeded(41);
const parameters: Parameter[] = [randomParameter('a', [40, 50], random)];
const SIZE = 2000;
const settings = runSettings({ run: 'fisher', parameters, solver: 'gram', threads: 1 });
const options = { parameters, solver: 'gram' as const, threads: 1 };

/** A limit that leaves exactly `bytes` beside weights, state, sums and scratch. */
function limitWith(bytes: number): number {
  const plan = planRun({ ...settings, samples: undefined, gradientBatch: undefined });
  const { weights, state, sums, scratch } = memoryOf(plan);
  return weights + state + sums + scratch + bytes;
}

test('a batch that does not fit is refused with the numbers, and changes nothing', async (t) => {
  await using fisher = await BlockFisher.create({
    ...options,
    memoryLimit: limitWith(4 * SIZE * 5),
  });
  await using free = await BlockFisher.create(options);
  const [fits, tooLarge] = randomBatches(parameters, [5, 6], random);
  await fisher.add(fits);
  await t.throwsAsync(fisher.add(tooLarge), {
    code: 'ERR_WOODFISHER_MEMORY',
    message:
      /a batch of 6 samples needs 46\.9 KiB .* 39\.1 KiB are left; batches of 5 samples would/,
  });
  t.is(fisher.samples, 5);
  await fisher.add(fits);
  await free.add(fits);
  await free.add(fits);
  t.deepEqual(await (await fisher.invert()).diagonal(), await (await free.invert()).diagonal());
});

test('with room for one batch alone a batch waits for the one before it', async (t) => {
  await using fisher = await BlockFisher.create({
    ...options,
    memoryLimit: limitWith(4 * SIZE * 5),
  });
  const batches = randomBatches(parameters, [5, 5, 5, 5], random);
  await Promise.all(batches.map((batch) => fisher.add(batch)));
  t.is((await fisher.invert()).samples, 20);
  const { state, weights, sums } = memoryOf(planRun(settings));
  t.true(fisher.peakBytes <= state + weights + sums + 4 * SIZE * 5);
});

test("a batch on the caller's shared memory takes nothing of the limit", async (t) => {
  await using fisher = await BlockFisher.create({
    ...options,
    memoryLimit: limitWith(4 * SIZE * 5),
  });
  const shared = new Float32Array(new SharedArrayBuffer(4 * SIZE * 100));
  shared.set(randomArray(SIZE * 100, random));
  await t.notThrowsAsync(fisher.add({ a: shared }));
});

test('a buffer that does not fit is not lent, and leaves the room that was there', async (t) => {
  const two = [...parameters, randomParameter('b', [4, 5], random)];
  const { weights, state, sums, scratch } = memoryOf(
    planRun({ ...settings, parameters: two, samples: undefined, gradientBatch: undefined }),
  );
  const memoryLimit = weights + state + sums + scratch + 4 * 2020 * 9;
  await using fisher = await BlockFisher.create({ ...options, parameters: two, memoryLimit });
  t.throws(() => fisher.nextBuffer(10), {
    code: 'ERR_WOODFISHER_MEMORY',
    message: /needs 78\.9 KiB/,
  });
  t.notThrows(() => fisher.nextBuffer(9));
});

test('batches so many that rounding errors must be kept are refused where these do not fit', async (t) => {
  await using fisher = await BlockFisher.create({ ...options, memoryLimit: limitWith(200_000) });
  const batch = { a: randomArray(SIZE, random) };
  for (let i = 0; i < 400; i++) await fisher.add(batch);
  await t.throwsAsync(fisher.add(batch), {
    code: 'ERR_WOODFISHER_MEMORY',
    message: /of 1 sample needs 797 KiB of memory, 789 KiB of it to keep the rounding errors/,
  });
  const inverse = await fisher.invert();
  t.is(inverse.samples, 400);
});

test('a Fisher that cannot fit is refused before its weights are looked at', async (t) => {
  const data = new Float32Array(SIZE).fill(Number.NaN);
  const create = BlockFisher.create({
    parameters: [{ name: 'a', shape: [40, 50], data }],
    memoryLimit: '300kB',
  });
  const error = await t.throwsAsync(create, { code: 'ERR_WOODFISHER_MEMORY' });
  t.regex(error?.message ?? '', /state 789 KiB.*but memoryLimit is 293 KiB/);
});

test('prune asks for no more than its limit', async (t) => {
  const gradients = randomBatches(parameters, [8, 8, 8], random);
  const plan = runSettings({
    parameters,
    samples: 24,
    gradientBatch: 8,
    solver: 'gram',
    threads: 1,
  });
  const { total } = memoryOf(planRun(plan));
  const all = { ...options, gradients, samples: 24, gradientBatch: 8, sparsity: 0.5 };
  const { statistics } = await prune({ ...all, memoryLimit: total });
  t.is(statistics.totals.prunedNow, 1000);
  await t.throwsAsync(prune({ ...all, memoryLimit: total - 1 }), { code: 'ERR_WOODFISHER_MEMORY' });
});

test('memoryLimit and gradientBatch that mean nothing are refused', async (t) => {
  for (const memoryLimit of [0, -1, Number.NaN, '2 apples', '', '1e9', '-1GiB']) {
    await t.throwsAsync(BlockFisher.create({ parameters, memoryLimit }), {
      code: 'ERR_WOODFISHER_OPTION',
      message:
        /^memoryLimit must be a number of bytes of at least 1, or words such as '2GiB', but is/,
    });
  }
  for (const gradientBatch of [0, 1.5, Number.POSITIVE_INFINITY]) {
    await t.throwsAsync(BlockFisher.create({ parameters, gradientBatch }), {
      message: /^gradientBatch must be a whole number of at least 1, but is/,
    });
  }
});

import test from 'ava';
import { BlockFisher } from '../src/index.js';
import { ENGINES } from './engines.js';
import { randomArray, randomBatches, randomParameter, seeded } from './random.js';

const random = seeded(2);
const parameters = [randomParameter('a', [7, 11], random), randomParameter('b', [5, 3], random)];
const batches = randomBatches(parameters, [4, 9, 1], random);

for (const engine of ENGINES) {
  test(`a refused batch changes nothing: the next one may be added (${engine})`, async (t) => {
    await using fisher = await BlockFisher.create({ parameters, engine, blockSize: 10 });
    await using other = await BlockFisher.create({ parameters, engine, blockSize: 10 });
    await fisher.add(batches[0]);
    const bad = { ...batches[1], b: batches[1].b.slice().fill(Number.NaN, 20, 21) };
    await t.throwsAsync(fisher.add(bad), { message: /gradient 5 of parameter "b".* sample 1/ });
    t.is(fisher.samples, 4);
    for (const batch of batches.slice(1)) await fisher.add(batch);
    for (const batch of batches) await other.add(batch);
    t.deepEqual(await (await fisher.invert()).diagonal(), await (await other.invert()).diagonal());
  });

  test(`one state serves several dampings, and more samples after an inverse (${engine})`, async (t) => {
    await using fisher = await BlockFisher.create({ parameters, engine, blockSize: 10 });
    await fisher.add(batches[0]);
    const early = await fisher.invert({ damping: 1e-3 });
    const d = await early.diagonal();
    t.notDeepEqual(d, await (await fisher.invert({ damping: 1e-2 })).diagonal());
    t.deepEqual(d, await (await fisher.invert({ damping: 1e-3 })).diagonal());
    await fisher.add(batches[1]);
    await t.throwsAsync(early.diagonal(), { message: /of 4 samples, but the Fisher has 13/ });
    await t.notThrowsAsync((await fisher.invert()).diagonal());
  });

  test(`woodbury and gram give the same inverse (${engine})`, async (t) => {
    const known = { parameters, engine, blockSize: 10, samples: 14, damping: 1e-3 };
    await using gram = await BlockFisher.create({ ...known, solver: 'gram' });
    await using woodbury = await BlockFisher.create({ ...known, solver: 'woodbury' });
    for (const batch of batches) {
      await gram.add(batch);
      await woodbury.add(batch);
    }
    const v = { a: randomArray(77, random), b: randomArray(15, random) };
    const [x, y] = await Promise.all(
      [gram, woodbury].map(async (fisher) => {
        const inverse = await fisher.invert();
        return {
          diagonal: await inverse.diagonal(),
          product: await inverse.multiply(v),
          pairs: await inverse.groupSaliency('a', [
            [0, 1],
            [72, 70],
            [5, 3, 9],
          ]),
        };
      }),
    );
    for (const name of ['a', 'b']) {
      for (const [i, d] of x.diagonal[name].entries()) {
        t.true(Math.abs(d - y.diagonal[name][i]) <= 1e-9 * d);
        const scale = Math.abs(x.product[name][i]) + 1;
        t.true(Math.abs(x.product[name][i] - y.product[name][i]) <= 1e-7 * scale);
      }
    }
    x.pairs.forEach((saliency, i) => {
      t.true(Math.abs(saliency - y.pairs[i]) <= 1e-7 * saliency);
    });
  });
}

test('woodbury refuses another damping and another count, naming both numbers', async (t) => {
  await using fisher = await BlockFisher.create({
    parameters,
    solver: 'woodbury',
    samples: 14,
    damping: 1e-3,
  });
  await fisher.add(batches[0]);
  await t.throwsAsync(fisher.invert(), { message: /14 gradient samples come, but there are 4/ });
  await fisher.add(batches[1]);
  await fisher.add(batches[2]);
  await t.throwsAsync(fisher.invert({ damping: 1e-4 }), { message: /damping 0.001 .* for 0.0001/ });
  await t.notThrowsAsync(fisher.invert());
});

test('woodbury without samples or damping is refused', async (t) => {
  await t.throwsAsync(BlockFisher.create({ parameters, solver: 'woodbury', damping: 1 }), {
    message: /needs samples/,
  });
  await t.throwsAsync(BlockFisher.create({ parameters, solver: 'woodbury', samples: 1 }), {
    message: /needs damping/,
  });
});

test('a plain batch may be overwritten when add resolves, a shared one when it is released', async (t) => {
  await using fisher = await BlockFisher.create({ parameters, blockSize: 10 });
  await using expected = await BlockFisher.create({ parameters, blockSize: 10 });
  for (const batch of batches) await expected.add(batch);
  const plain = { a: batches[0].a.slice(), b: batches[0].b.slice() };
  await fisher.add(plain);
  plain.a.fill(1e9);
  plain.b.fill(1e9);
  const shared = {
    a: new Float32Array(new SharedArrayBuffer(batches[1].a.byteLength)),
    b: new Float32Array(new SharedArrayBuffer(batches[1].b.byteLength)),
  };
  shared.a.set(batches[1].a);
  shared.b.set(batches[1].b);
  const { released } = await fisher.add(shared);
  await released;
  shared.a.fill(1e9);
  shared.b.fill(1e9);
  const lent = fisher.nextBuffer(1);
  lent.a.set(batches[2].a);
  lent.b.set(batches[2].b);
  await fisher.add(lent);
  t.deepEqual(await (await fisher.invert()).diagonal(), await (await expected.invert()).diagonal());
});

test('batches that are added without waiting are summed in the order of the calls', async (t) => {
  await using waiting = await BlockFisher.create({ parameters, blockSize: 10 });
  await using eager = await BlockFisher.create({ parameters, blockSize: 10 });
  for (const batch of batches) await waiting.add(batch);
  await Promise.all(batches.map((batch) => eager.add(batch)));
  t.deepEqual(await (await eager.invert()).diagonal(), await (await waiting.invert()).diagonal());
});

test('after dispose everything says so', async (t) => {
  const fisher = await BlockFisher.create({ parameters });
  await fisher.add(batches[0]);
  const inverse = await fisher.invert();
  await fisher.dispose();
  await fisher.dispose();
  await t.throwsAsync(fisher.add(batches[0]), { message: /disposed/ });
  await t.throwsAsync(fisher.invert(), { message: /disposed/ });
  await t.throwsAsync(inverse.diagonal(), { message: /disposed/ });
});

test('dispose in the middle of the sums waits for them', async (t) => {
  const fisher = await BlockFisher.create({ parameters });
  const { released } = await fisher.add(batches[0]);
  await fisher.dispose();
  await released.then(
    () => t.pass(),
    (error: Error) => t.regex(error.message, /disposed/),
  );
});

test('groups that are none are refused', async (t) => {
  await using fisher = await BlockFisher.create({ parameters, blockSize: 10 });
  await fisher.add(batches[0]);
  const inverse = await fisher.invert();
  const refuse = async (groups: number[][], message: RegExp): Promise<void> => {
    await t.throwsAsync(inverse.groupSaliency('a', groups), { message });
  };
  await refuse([[0, 1], []], /group 1 .* at least one weight/);
  await refuse([[0, 77]], /indices from 0 to 76, but holds 77/);
  await refuse([[3, 3]], /name each weight once/);
  await refuse([[9, 10]], /within one block of at most 10 weights, but reaches from block 0 to 1/);
  await t.throwsAsync(inverse.groupSaliency('c', []), { message: /no prunable parameter "c"/ });
});

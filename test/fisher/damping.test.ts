import test from 'ava';
import { BlockFisher, type Damping, prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { randomBatches, randomParameter, seeded } from '../random.js';

const random = seeded(51);
const mask = Uint8Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? 0 : 1));
const parameters = [
  { ...randomParameter('a', [5, 6], random), mask },
  randomParameter('b', [4, 7], random),
];
const [batch] = randomBatches(parameters, [12], random);
const options = { parameters, blockSize: 8 };

/** Σ g² of a parameter over all samples and the weights that are there. */
function squares(name: 'a' | 'b', there: (i: number) => boolean = () => true): number {
  const size = name === 'a' ? 30 : 28;
  return batch[name].reduce((sum, g, i) => sum + (there(i % size) ? g * g : 0), 0);
}

const meanA = squares('a', (i) => mask[i] === 1) / 12 / 20;
const meanB = squares('b') / 12 / 28;
const meanModel = (20 * meanA + 28 * meanB) / 48;

for (const engine of ENGINES) {
  for (const solver of ['gram', 'dual'] as const) {
    test(`a relative damping is a multiple of the mean diagonal over what is there (${solver}, ${engine})`, async (t) => {
      const known = { ...options, blockSize: 30, engine, solver, samples: 12 };
      await using fisher = await BlockFisher.create(known);
      await fisher.add(batch);
      const byParameter = await fisher.invert({ damping: { relative: 0.1 } });
      const overModel = await fisher.invert({ damping: { relative: 0.1, over: 'model' } });
      const close = (x: number, y: number) => Math.abs(x / y - 1) < 1e-12;
      t.true(close(byParameter.lambda().a, 0.1 * meanA));
      t.true(close(byParameter.lambda().b, 0.1 * meanB));
      t.true(close(overModel.lambda().a, 0.1 * meanModel));
      t.is(overModel.lambda().a, overModel.lambda().b);
      const absolute = await fisher.invert({ damping: byParameter.lambda().b });
      t.deepEqual((await byParameter.diagonal()).b, (await absolute.diagonal()).b);
      t.notDeepEqual((await byParameter.diagonal()).a, (await absolute.diagonal()).a);
    });
  }

  test(`with a relative damping the scale of the gradients decides nothing (${engine})`, async (t) => {
    const scaled = { a: batch.a.map((g) => 16 * g), b: batch.b.map((g) => 16 * g) };
    const run = (gradients: typeof batch) =>
      prune({
        ...options,
        engine,
        gradients: [gradients],
        sparsity: 0.7,
        damping: { relative: 0.05 },
      });
    const [plain, large] = [await run(batch), await run(scaled)];
    t.deepEqual(large.parameters, plain.parameters);
    const [p, l] = [plain, large].map(({ statistics }) => statistics.parameters);
    t.is(l[0].damping, 256 * (p[0].damping ?? Number.NaN));
    t.is(l[0].meanDiagonal, 256 * (p[0].meanDiagonal ?? Number.NaN));
    t.deepEqual(plain.statistics.damping, { relative: 0.05, over: 'parameter' });
  });
}

test('the mean diagonal in the statistics is that of the weights that were there', async (t) => {
  const { statistics } = await prune({ ...options, gradients: [batch], sparsity: 0.7 });
  const [a, b] = statistics.parameters;
  t.true(Math.abs((a.meanDiagonal ?? 0) / meanA - 1) < 1e-12);
  t.true(Math.abs((b.meanDiagonal ?? 0) / meanB - 1) < 1e-12);
  t.is(a.damping, 1e-5);
});

test('dampings that are none are refused', async (t) => {
  const refused = async (damping: unknown, message: RegExp): Promise<void> => {
    const given = { ...options, gradients: [batch], sparsity: 0.5, damping: damping as Damping };
    await t.throwsAsync(prune(given), { code: 'ERR_WOODFISHER_OPTION', message });
  };
  await refused(0, /damping must be a finite number above 0, but is 0/);
  await refused('1e-5', /damping must be a finite number above 0, but is "1e-5"/);
  await refused({ relative: -1 }, /damping.relative must be a finite number above 0, but is -1/);
  await refused({}, /damping.relative must be .* undefined/);
  await refused(null, /damping must be a finite number above 0, but is null/);
  await refused({ relative: 1, over: 'block' }, /damping.over must be one of parameter, model/);
});

test('nothing can be relative to gradients that are all 0, and the message names them', async (t) => {
  await using fisher = await BlockFisher.create(options);
  await fisher.add({ a: batch.a, b: new Float32Array(batch.b.length) });
  await t.throwsAsync(fisher.invert({ damping: { relative: 1 } }), {
    message: /gradients of parameter "b" are all 0 .* over 'model'/,
  });
  await t.notThrowsAsync(fisher.invert({ damping: { relative: 1, over: 'model' } }));
});

test('woodbury refuses a relative damping with the reason', async (t) => {
  const known = { ...options, solver: 'woodbury', samples: 12, damping: { relative: 1 } } as const;
  await t.throwsAsync(BlockFisher.create(known), { message: /starts from λ, and a relative/ });
});

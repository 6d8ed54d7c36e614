import test from 'ava';
import { BlockFisher, estimate, prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { randomBatches, randomParameter, seeded } from '../random.js';

const random = seeded(51);
const parameters = [
  { name: 'a', shape: [300, 100] },
  { name: 'bias', shape: [300] },
];

for (const engine of ENGINES) {
  test(`an estimate has the bytes, flops, and seconds of each phase (${engine})`, async (t) => {
    const { solver, bytes, flops, seconds, basis, memory } = await estimate({
      parameters,
      samples: 500,
      selection: 'greedy',
      engine,
      threads: 1,
    });
    t.is(solver?.name, 'gram');
    t.is(bytes.state, 300 * 50 * 101 * 8);
    t.is(bytes.sums, 16 * 30_000);
    t.is(bytes.batches, 2 * 128 * 4 * 30_000);
    t.deepEqual(flops.accumulate, 500 * 300 * 100 * 101);
    t.deepEqual([memory.fits, memory.suggestions], [true, []]);
    if (seconds === null || basis === null) return t.fail('no time');
    t.is(basis.engine.name, engine);
    for (const value of [...Object.values(seconds), ...Object.values(basis.rates)]) {
      t.true(value > 0 && value < 1e12, `${value}`);
    }
    t.is(seconds.total, seconds.accumulate + seconds.invert + seconds.score + seconds.update);
  });
}

test('what a whole Fisher takes is its estimate', async (t) => {
  const [a] = [randomParameter('a', [300, 100], random)];
  const { bytes } = await estimate({
    parameters: [a],
    run: 'fisher',
    samples: 6,
    gradientBatch: 2,
  });
  await using fisher = await BlockFisher.create({ parameters: [a], samples: 6 });
  for (const batch of randomBatches([a], [2, 2, 2], random)) await fisher.add(batch);
  await fisher.invert();
  t.is(fisher.peakBytes, bytes.shared);
});

test('without samples there is no time, and the solver is gram', async (t) => {
  const { solver, seconds, basis, bytes } = await estimate({ parameters, blockSize: 1000 });
  t.is(solver?.name, 'gram');
  t.deepEqual([seconds, basis], [null, null]);
  t.is(bytes.state, 30 * 500 * 1001 * 8);
});

test('too little memory is an answer, with what would fit, and not an error', async (t) => {
  const { memory, bytes } = await estimate({ parameters, samples: 500, memoryLimit: '20MiB' });
  t.false(memory.fits);
  t.true(bytes.total > 20 * 2 ** 20);
  t.true(memory.suggestions.length > 0);
  t.true(memory.suggestions.every((one) => one.bytes <= 20 * 2 ** 20));
});

test('magnitude needs no Fisher; an update to it does', async (t) => {
  const none = await estimate({ parameters, criterion: 'magnitude', samples: 10 });
  t.deepEqual([none.solver, none.bytes.state], [null, 0]);
  t.deepEqual(none.flops, { accumulate: 0, invert: 0, score: 0, update: 0 });
  const joint = await estimate({
    parameters,
    criterion: 'magnitude',
    update: 'joint',
    samples: 90,
  });
  t.is(joint.solver?.name, 'gram');
  t.is(joint.flops.invert, 0);
});

test('factors take less, and options that are none are refused', async (t) => {
  const [a] = parameters;
  const { bytes } = await estimate({ parameters: [{ ...a, gradients: 'factored' }] });
  t.is(bytes.batches, 2 * 128 * 4 * 400);
  await t.throwsAsync(estimate({ parameters, gradientBatch: 0 }), { message: /^gradientBatch/ });
  await t.throwsAsync(estimate({ parameters, run: 'all' as 'prune' }), { message: /^run must be/ });
  await t.throwsAsync(estimate({ parameters: [] }), { message: /no parameter is prunable/ });
});

test('the expected time is that of all steps', async (t) => {
  const model = [randomParameter('a', [400, 500], random)];
  const gradients = randomBatches(model, [64, 64], random);
  const options = { parameters: model, gradients: () => gradients, sparsity: 0.5 };
  const expected = async (steps: number): Promise<number> => {
    const { statistics } = await prune({ ...options, steps });
    return statistics.phases.find(({ name }) => name === 'invert')?.estimatedSeconds ?? 0;
  };
  const one = await expected(1);
  t.true(one > 0);
  t.true(Math.abs((await expected(3)) - 3 * one) < 1e-9);
});

test('the statistics have the expected beside the real time, or null', async (t) => {
  const model = [randomParameter('a', [400, 500], random)];
  const gradients = randomBatches(model, [64, 64], random);
  const long = await prune({ parameters: model, gradients, sparsity: 0.5 });
  for (const { name, estimatedSeconds } of long.statistics.phases) {
    const timed = ['accumulate', 'invert', 'update'].includes(name);
    t.is(typeof estimatedSeconds, timed ? 'number' : 'object', name);
  }
  const short = [{ a: gradients[0].a.subarray(0, 200_000) }];
  const { statistics } = await prune({
    ...{ parameters: model, gradients: short, samples: 1, sparsity: 0.5, blockSize: 4 },
  });
  t.true(statistics.phases.every(({ estimatedSeconds }) => estimatedSeconds === null));
});

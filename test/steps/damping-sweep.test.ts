import test from 'ava';
import { BlockFisher } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { randomBatches, randomParameter, seeded } from '../random.js';

const random = seeded(61);
const mask = Uint8Array.from({ length: 60 }, (_, i) => (i % 4 === 0 ? 0 : 1));
const parameters = [
  { ...randomParameter('a', [6, 10], random), mask },
  randomParameter('b', [5, 8], random),
];
const batches = randomBatches(parameters, [20, 11], random);
const dampings = [1e-4, 1e-2, { relative: 0.5 }, 1e-4];

for (const engine of ENGINES) {
  for (const solver of ['gram', 'dual'] as const) {
    test(`each damping of a sweep says what a run with it alone gives (${solver}, ${engine})`, async (t) => {
      const known = { parameters, engine, solver, samples: 31, blockSize: 35 };
      await using fisher = await BlockFisher.create(known);
      for (const batch of batches) await fisher.add(batch);
      const swept = await fisher.dampingSweep({ dampings, sparsity: 0.6 });
      const first = await (await fisher.invert({ damping: 1e-4 })).select({ sparsity: 0.6 });
      for (const [i, damping] of dampings.entries()) {
        const inverse = await fisher.invert({ damping });
        const masks = await inverse.select({ sparsity: 0.6 });
        const { predictedLossChange, weights } = await inverse.update({ masks });
        const changes = Object.values(predictedLossChange);
        t.deepEqual(swept[i].lambda, inverse.lambda());
        t.is(swept[i].quadratic, changes[0].quadratic + changes[1].quadratic);
        t.is(swept[i].linear, changes[0].linear + changes[1].linear);
        let [pruned, common, damped] = [0, 0, 0];
        for (const { name, data, mask: before } of [
          parameters[0],
          { ...parameters[1], mask: undefined },
        ]) {
          for (const [c, kept] of masks[name].entries()) {
            const there = before?.[c] !== 0;
            if (there) damped += (inverse.lambda()[name] * (weights[name][c] - data[c]) ** 2) / 2;
            if (!there || kept === 1) continue;
            pruned++;
            common += 1 - first[name][c];
          }
        }
        t.is(swept[i].overlap, common / pruned);
        const undamped = swept[i].quadratic - damped;
        t.true(Math.abs(swept[i].undamped - undamped) < 1e-9 * swept[i].quadratic);
        const bound = Math.max(...Object.values(inverse.condition()));
        t.is(swept[i].condition, bound);
      }
      t.deepEqual(swept[3], swept[0]);
      t.is(swept[0].overlap, 1);
      t.true(swept[1].overlap < 1);
    });
  }
}

test('a sweep holds one inverse at a time and leaves the Fisher as it was', async (t) => {
  await using fisher = await BlockFisher.create({ parameters, blockSize: 35 });
  for (const batch of batches) await fisher.add(batch);
  const before = await (await fisher.invert()).update({ masks: {} });
  await fisher.dampingSweep({ dampings: [1e-3], sparsity: 0.6 });
  const peak = fisher.peakBytes;
  await fisher.dampingSweep({ dampings: [1e-3, 1e-4, 1e-5, 1e-6], sparsity: 0.6 });
  const masks = parameters.reduce((sum, { data }) => sum + data.length, 0);
  t.true(fisher.peakBytes <= peak + masks + 8192);
  t.deepEqual(await (await fisher.invert()).update({ masks: {} }), before);
});

test('a sweep without dampings, and one of woodbury, are refused with the reason', async (t) => {
  await using fisher = await BlockFisher.create({ parameters });
  await t.throwsAsync(fisher.dampingSweep({ dampings: [], sparsity: 0.5 }), {
    message: /dampings must be a list of at least one damping/,
  });
  await t.throwsAsync(fisher.dampingSweep({ dampings: [1, 0], sparsity: 0.5 }), {
    message: /damping must be a finite number above 0, but is 0/,
  });
  const known = { parameters, solver: 'woodbury', samples: 31, damping: 1e-3 } as const;
  await using woodbury = await BlockFisher.create(known);
  await t.throwsAsync(woodbury.dampingSweep({ dampings: [1e-3, 1], sparsity: 0.5 }), {
    message: /"woodbury" is made for one damping/,
  });
});

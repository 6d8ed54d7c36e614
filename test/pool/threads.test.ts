import test from 'ava';
import { prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { randomBatches, randomParameter, seeded } from '../random.js';

const random = seeded(3);
const parameters = [
  randomParameter('a', [60, 50], random),
  randomParameter('large block', [45, 50], random),
  randomParameter('b', [1, 1], random),
];
const batches = randomBatches(parameters, [40, 33, 130], random);

for (const engine of ENGINES) {
  for (const solver of ['gram', 'woodbury'] as const) {
    for (const blockSize of engine === 'native' ? [50, 2000] : [50]) {
      test(`the result is bit-identical for 1, 2 and 4 threads (${engine}, ${solver}, ${blockSize})`, async (t) => {
        const run = async (threads: number) => {
          const { parameters: pruned, statistics } = await prune({
            parameters,
            gradients: batches,
            samples: 203,
            sparsity: 0.8,
            engine,
            solver,
            blockSize,
            threads,
          });
          return { pruned, statistics: { ...statistics, threads: 0, phases: [] } };
        };
        const one = await run(1);
        t.deepEqual(await run(2), one);
        t.deepEqual(await run(4), one);
      });
    }
  }
}

test('concurrent runs share the pool and do not disturb each other', async (t) => {
  const run = () => prune({ parameters, gradients: batches, sparsity: 0.7, blockSize: 20 });
  const [first, ...others] = await Promise.all([run(), run(), run(), run()]);
  for (const other of others) t.deepEqual(other.parameters, first.parameters);
});

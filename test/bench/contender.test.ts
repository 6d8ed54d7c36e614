import test from 'ava';
import { gram50 } from '../../bench/cases/gram.js';
import { type ContenderKind, measure } from '../../bench/contender.js';
import { referenceBlocks } from '../../bench/reference.js';
import { rivalOf } from '../../bench/rivals/index.js';
import { woodfisher } from '../../bench/woodfisher.js';
import { shrink, type Workload } from '../../bench/workload.js';

const workload: Workload = {
  weights: 28,
  blockSize: 7,
  samples: 24,
  batch: 4,
  distinct: 2,
  solver: 'gram',
  damping: 1e-3,
};
const reference = referenceBlocks(workload);

/** A contender whose D is the package's, changed in one weight; counts its runs. */
function changed(change: (value: number) => number): { kind: ContenderKind; runs: () => number } {
  let runs = 0;
  const kind: ContenderKind = {
    name: 'changed',
    title: 'D of the package, changed',
    tolerance: 1e-6,
    async start(given) {
      const contender = await woodfisher('javascript').start(given);
      return {
        async run() {
          runs += 1;
          return await contender.run();
        },
        diagonal() {
          const D = contender.diagonal().slice();
          D[27] = change(D[27]);
          return D;
        },
        threads: () => 1,
      };
    },
  };
  return { kind, runs: () => runs };
}

test('a right result is timed as often as asked', async (t) => {
  const { kind, runs } = changed((value) => value);
  const measured = await measure(kind, workload, { runs: 3, reference });
  t.is(measured.runs, 3);
  t.is(runs(), 4);
  t.true(measured.error <= 1e-12);
  t.true(measured.sum > 0 && measured.invert > 0);
});

for (const [title, change] of [
  ['off by more than its tolerance', (value: number) => value * (1 + 1e-5)],
  ['not a number', () => Number.NaN],
] as const) {
  test(`a result that is ${title} fails its check and is not timed`, async (t) => {
    const { kind, runs } = changed(change);
    await t.throwsAsync(measure(kind, workload, { runs: 3, reference }), {
      message: /changed is wrong: the relative error of D must be at most 0\.000001/,
    });
    t.is(runs(), 1);
  });
}

for (const name of gram50.rivals.filter((rival) => !rival.startsWith('torch'))) {
  test(`${name} gives D of the dense inverse`, async (t) => {
    const small = shrink(workload, 14);
    const { error, threads } = await measure(await rivalOf(name), small, { runs: 1, reference });
    t.true(error <= (name === 'tfjs-wasm' ? 1e-4 : 1e-10), `${error}`);
    t.true(threads >= 1);
  });
}

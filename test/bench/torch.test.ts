import test from 'ava';
import { measure } from '../../bench/contender.js';
import { pythonWithTorch } from '../../bench/python.js';
import { referenceBlocks } from '../../bench/reference.js';
import { rivalOf } from '../../bench/rivals/index.js';
import type { Workload } from '../../bench/workload.js';

const withTorch = (await pythonWithTorch()) === undefined ? test.skip : test;

const workload: Workload = {
  weights: 24,
  blockSize: 8,
  samples: 12,
  batch: 3,
  distinct: 2,
  solver: 'gram',
  damping: 1e-2,
};

for (const form of ['torch-rank1', 'torch-per-block', 'torch-matrix-free']) {
  withTorch(`${form} gives D of the dense inverse in float32`, async (t) => {
    const kind = await rivalOf(form);
    const reference = referenceBlocks(workload);
    const { error } = await measure(kind, workload, { runs: 1, reference });
    t.true(error <= 1e-4, `${error}`);
  });
}

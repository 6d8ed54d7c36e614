import test from 'ava';
import { engines } from '../engines.js';
import { sharedArray } from '../shared-array.js';

const LENGTH = 700_001;

for (const { name, kernels } of engines) {
  test(`findNonFinite: the first in [begin, end), wherever it stands (${name})`, (t) => {
    const control = sharedArray(Int32Array, 2);
    const values = sharedArray(Float32Array, LENGTH).fill(3.4e38);
    values[5] = -0;
    values[6] = 1e-45;
    const find = (begin: number, end: number) =>
      kernels.findNonFinite({ values, begin, end, control });
    t.like(find(0, LENGTH), { outcome: 'done', value: -1 });
    t.is(find(9, 9).value, -1);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const at of [0, 1, 63, 4095, 4096, 262_143, 262_144, LENGTH - 1]) {
        values[at] = bad;
        if (at < LENGTH - 3) values[at + 3] = Number.NaN;
        t.is(find(0, LENGTH).value, at);
        t.is(find(at, at + 1).value, at);
        t.is(find(0, at).value, -1);
        t.is(find(at + 1, Math.min(at + 3, LENGTH)).value, -1);
        values[at] = 1;
        if (at < LENGTH - 3) values[at + 3] = 1;
      }
    }
  });

  test(`findNonFinite: told to stop, it stops (${name})`, (t) => {
    const control = sharedArray(Int32Array, [1, 0]);
    const values = sharedArray(Float32Array, 10).fill(Number.NaN);
    t.is(kernels.findNonFinite({ values, begin: 0, end: 10, control }).outcome, 'cancelled');
  });
}

import test from 'ava';
import { SCHEDULES, sparsities } from '../../src/steps/schedule.js';

for (const schedule of SCHEDULES) {
  test(`schedule ${schedule}: grows from what is pruned to the target, which the last step has exactly`, (t) => {
    for (const [before, target] of [
      [0, 0.9],
      [0.3, 0.98],
      [0.5, 0.5],
      [0.7, 0.4],
    ]) {
      for (const steps of [1, 2, 16, 64]) {
        const all = sparsities(schedule, steps, before, target);
        t.is(all.length, steps);
        t.is(all[steps - 1], target);
        all.forEach((s, k) => {
          if (target > before) t.true(s > (all[k - 1] ?? before) && s <= target);
        });
      }
    }
  });
}

test('schedule: the shapes are those of their formulas', (t) => {
  const close = (actual: number[], expected: number[]): void => {
    actual.forEach((s, k) => {
      t.true(Math.abs(s - expected[k]) < 1e-12);
    });
  };
  close(sparsities('linear', 4, 0.2, 1), [0.4, 0.6, 0.8, 1]);
  close(sparsities('geometric', 3, 0, 1 - 1 / 8), [1 / 2, 3 / 4, 7 / 8]);
  close(sparsities('cubic', 2, 0, 0.8), [0.8 * (1 - 1 / 8), 0.8]);
});

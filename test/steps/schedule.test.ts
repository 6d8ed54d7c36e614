import test from 'ava';
import fc from 'fast-check';
import { removingEachTime, SCHEDULES, sparsities } from '../../src/steps/schedule.js';

for (const schedule of [...SCHEDULES, { polynomial: 1.5 }, { polynomial: 6 }]) {
  test(`schedule ${JSON.stringify(schedule)}: grows from what is pruned to the target, which the last step has exactly`, (t) => {
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

test('schedule: the polynomial of 3 is cubic, that of 1 linear', (t) => {
  t.deepEqual(sparsities({ polynomial: 3 }, 9, 0.1, 0.9), sparsities('cubic', 9, 0.1, 0.9));
  sparsities({ polynomial: 1 }, 9, 0.1, 0.9).forEach((s, k) => {
    t.true(Math.abs(s - sparsities('linear', 9, 0.1, 0.9)[k]) < 1e-15);
  });
});

test('schedule: each step removes at least one weight where there are enough of them', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1, max: 3000 }),
      fc.double({ min: 1, max: 12, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(),
      (steps, size, polynomial, target, some) => {
        const goal = Math.floor(target * size + 0.5);
        const before = some % (goal + 1);
        const all = sparsities({ polynomial }, steps, before / size, target);
        const moved = removingEachTime(all, size, before);
        const counts = moved.map((s) => Math.floor(s * size + 0.5));
        t.is(counts[steps - 1], goal);
        if (goal - before < steps) t.deepEqual(moved, all);
        else t.true(counts.every((count, k) => count > (k === 0 ? before : counts[k - 1])));
      },
    ),
  );
});

import test from 'ava';
import { lineSearch, MOST_EVALUATIONS } from '../../src/updates/line-search.js';

for (const minimum of [0.002, 0.01, 0.05, 0.13, 0.3, 0.75, 1]) {
  test(`line search: finds the minimum at ${minimum} to a factor of 1.4, wherever it starts`, async (t) => {
    for (const start of [undefined, 0, 1e-3, 0.02, 0.1, 0.5, 1]) {
      const { best, tried } = await lineSearch(async (a) => (a - minimum) ** 2, start);
      t.true(best.step / minimum < 1.4 && minimum / best.step < 1.4, `${best.step}`);
      t.is(best.loss, Math.min(...tried.map(({ loss }) => loss)));
      t.true(tried.length <= MOST_EVALUATIONS);
      t.true(tried.every(({ step }) => step >= 0 && step <= 1));
      t.is(new Set(tried.map(({ step }) => step)).size, tried.length, 'no step twice');
    }
  });
}

test('line search: where every step is worse, or no loss is finite, none is taken', async (t) => {
  for (const loss of [(a: number) => a, (a: number) => (a === 0 ? 1 : Number.NaN)]) {
    const { best } = await lineSearch(async (a) => loss(a), 0.1);
    t.is(best.step, 0);
  }
  const { best } = await lineSearch(async () => Number.POSITIVE_INFINITY, 0.1);
  t.deepEqual(best, { step: 0, loss: Number.POSITIVE_INFINITY });
});

test('line search: where the step before was 0 and no step helps, two evaluations tell', async (t) => {
  const { best, tried } = await lineSearch(async (a) => a, 0);
  t.deepEqual([best.step, tried.length], [0, 2]);
  t.true((await lineSearch(async (a) => a)).tried.length > 2);
});

test('line search: a start near the minimum takes 8 evaluations at most', async (t) => {
  const { tried } = await lineSearch(async (a) => (a - 0.11) ** 2, 0.1);
  t.true(tried.length <= 8);
});

test('line search: walks down past steps that overflow', async (t) => {
  const { best } = await lineSearch(
    async (a) => (a > 0.01 ? Number.POSITIVE_INFINITY : (a - 0.004) ** 2),
    1,
  );
  t.true(best.step > 0.002 && best.step < 0.008);
});

import test from 'ava';
import { cases } from '../../bench/cases/index.js';
import { judge } from '../../bench/figures.js';
import type { CaseResult } from '../../bench/result.js';

/** A case that reaches everything with room. */
function result(name: string, change: Partial<CaseResult> = {}): Omit<CaseResult, 'figures'> {
  return {
    name,
    title: name,
    seconds: 1,
    totalSeconds: 1.05,
    gflops: 100,
    fractionOfPeak: 0.9,
    bytesPerSecond: 1e9,
    peakBytes: 1e8,
    peakBytesLimit: 2e8,
    error: 1e-9,
    ratios: { 'torch-rank1': 200, 'torch-per-block': 300, 'torch-matrix-free': 20, javascript: 20 },
    runs: 5,
    threads: 2,
    values: {
      sumSeconds: 1,
      invertSeconds: 0.1,
      speedup: 1.9,
      secondsPerWeight1e5: 1,
      secondsPerWeight1e6: 1,
      secondsPerWeight1e7: 1.05,
    },
    rivals: [{ name: 'javascript', seconds: 5, threads: 1, runs: 1, error: 0 }],
    skipped: {},
    ...change,
  };
}

test('every case has figures, and reaches them when it is good enough', (t) => {
  for (const { name } of cases) {
    const figures = judge(result(name), { quick: false });
    t.true(figures.length > 2, name);
    t.true(
      figures.every(({ ok }) => ok === true),
      name,
    );
  }
});

test('a figure that is missed is told apart from one that was not measured', (t) => {
  const missed = judge(result('gram-50', { fractionOfPeak: 0.44, ratios: {} }), { quick: false });
  t.deepEqual(
    missed.map(({ title, ok }) => [title, ok]),
    [
      ['of the float64 peak', false],
      ['faster than torch-rank1', null],
      ['error of D', true],
      ['peak memory', true],
    ],
  );
  t.is(missed[0].wanted, '≥ 45.0 %');
  t.is(missed[0].reachedText, '44.0 %');
  t.is(missed[1].reachedText, '–');
});

test('a bound is kept from the right side', (t) => {
  const changes = { peakBytes: 3e8, error: 1e-5 };
  const figures = judge(result('threads', { ...changes, values: { speedup: 1.8 } }), {
    quick: false,
  });
  t.deepEqual(
    figures.map(({ ok }) => ok),
    [false, false, false],
  );
});

test('quick sizes are not judged', (t) => {
  const figures = judge(result('gram-50', { fractionOfPeak: 0.1 }), { quick: true });
  t.true(figures.every(({ ok, reached }) => ok === null && reached !== null));
});

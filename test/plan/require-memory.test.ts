import test from 'ava';
import fc from 'fast-check';
import { WoodFisherError } from '../../src/errors.js';
import type { MemoryRefusal } from '../../src/memory-refusal.js';
import { memoryOf } from '../../src/plan/memory.js';
import { fitRun, refusalMessage } from '../../src/plan/require-memory.js';
import { planRun } from '../../src/plan/run-plan.js';
import type { RunSettings } from '../../src/plan/run-settings.js';
import { onlySome } from '../../src/plan/suggest.js';
import { runSettings, shapes } from './settings.js';

/** The refusal of a run by a limit; undefined where it fits. */
function refused(settings: RunSettings, bytes: number): MemoryRefusal | undefined {
  try {
    fitRun(settings, { bytes, source: 'memoryLimit' });
    return undefined;
  } catch (error) {
    if (error instanceof WoodFisherError) return error.details.memory;
    throw error;
  }
}

test('a run fits exactly the bytes that are planned for it', (t) => {
  for (const solver of ['gram', 'dual', 'woodbury'] as const) {
    const settings = runSettings({ solver, samples: 60, damping: 1 });
    const { total } = memoryOf(planRun(settings));
    t.is(refused(settings, total), undefined);
    t.is(refused(settings, total - 1)?.needed.total, total);
  }
});

test('what a refusal suggests fits when it is tried', (t) => {
  let suggested = 0;
  const settings = fc.record({
    parameters: shapes(1000),
    blockSize: fc.integer({ min: 1, max: 500 }),
    samples: fc.option(fc.integer({ min: 1, max: 600 }), { nil: undefined }),
    gradientBatch: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
    solver: fc.constantFrom('auto' as const, 'gram' as const),
    threads: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(settings, fc.double({ min: 0.3, max: 0.99, noNaN: true }), (some, part) => {
      const run = runSettings(some);
      const limit = Math.floor(part * memoryOf(planRun(run)).total);
      for (const { settings: change, bytes } of refused(run, limit)?.suggestions ?? []) {
        suggested++;
        t.true(bytes <= limit);
        const { runs, ...rest } = change;
        const tried = runs?.map((names) => onlySome(run, names)) ?? [{ ...run, ...rest }];
        for (const one of tried) t.is(refused(one, limit), undefined, JSON.stringify(change));
      }
    }),
    { numRuns: 300 },
  );
  t.true(suggested > 300, `${suggested} suggestions`);
});

test('the largest block size that fits is suggested', (t) => {
  const settings = runSettings({ solver: 'gram', gradientBatch: 1 });
  const limit = Math.floor(0.5 * memoryOf(planRun(settings)).total);
  const { blockSize = 0 } =
    refused(settings, limit)?.suggestions.find((one) => one.settings.blockSize)?.settings ?? {};
  t.true(blockSize > 20 && blockSize < 100);
  t.is(refused({ ...settings, blockSize }, limit), undefined);
  t.not(refused({ ...settings, blockSize: blockSize + 1 }, limit), undefined);
});

test('the message has the numbers, the limit and the way out', (t) => {
  const settings = runSettings({ solver: 'gram', gradientBatch: undefined });
  const refusal = refused(settings, 50 * 2 ** 20);
  if (refusal === undefined) return t.fail('it fits');
  const message = refusalMessage(refusal);
  t.regex(
    message,
    /^this run needs 10\d MiB \(state 88\.6 MiB, counts \d\.\d MiB, results 3\.\d MiB, /,
  );
  t.regex(message, /but memoryLimit is 50\.0 MiB; what would fit: blockSize \d\d \(4\d\.\d MiB\)/);
  t.regex(message, /; or solver "dual" with samples \d\d \(\d+\.\d MiB\)$/);
  const flags = refusalMessage(refusal, { memoryLimit: '--memory', blockSize: '--block-size' });
  t.regex(flags, /but --memory is 50\.0 MiB; what would fit: --block-size \d\d \([^)]*\)$/);
});

test('where nothing would fit the message says so', (t) => {
  const refusal = refused(runSettings(), 1000);
  t.deepEqual(refusal?.suggestions, []);
  t.regex(refusal ? refusalMessage(refusal) : '', /memoryLimit is 1000 B; no block size, batch/);
});

test('parameters that fit alone are suggested in several runs', (t) => {
  const parameters = ['a', 'b', 'c'].map((name) => ({ name, shape: [100, 500] }));
  const settings = runSettings({ parameters, solver: 'gram', gradientBatch: 16 });
  const limit = Math.floor(0.7 * memoryOf(planRun(settings)).total);
  const found = refused(settings, limit)?.suggestions.find((one) => one.settings.runs);
  t.deepEqual(found?.settings.runs, [['a', 'b'], ['c']]);
});

test('auto takes dual where gram does not fit a memory limit, and says so', (t) => {
  const settings = runSettings({ solver: 'auto', samples: 75, gradientBatch: 1 });
  t.is(planRun(settings).solver?.name, 'gram');
  const { total } = memoryOf(planRun({ ...settings, solver: 'gram' }));
  const { solver } = planRun(settings, total - 1);
  t.is(solver?.name, 'dual');
  t.regex(
    solver?.reason ?? '',
    /N = 75 and B = 100 gram takes more memory than memoryLimit allows/,
  );
  t.is(planRun(settings, total).solver?.name, 'gram');
  t.is(planRun(settings, 1000).solver?.name, 'gram');
});

test("what the machine has refuses a run, and does not change auto's choice", (t) => {
  const settings = runSettings({ solver: 'auto', samples: 75, gradientBatch: 1 });
  const { total } = memoryOf(planRun({ ...settings, solver: 'gram' }));
  t.throws(() => fitRun(settings, { bytes: total - 1, source: 'machine' }), {
    code: 'ERR_WOODFISHER_MEMORY',
    message: /but this machine has .* what would fit: .*solver "dual" \(/,
  });
});

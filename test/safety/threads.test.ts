import { loadKernels } from '../../src/engine/engine.js';
import { nativeTest } from './native-only.js';
import type { LoadResult } from './programs/load-in-threads.js';
import type { PruneInThreadsResult } from './programs/prune-in-threads.js';
import { diagonalBy } from './programs/shared-problem.js';
import type { TerminateResult } from './programs/terminate-threads.js';
import { resultOf, runProgram } from './run-program.js';

const THREADS = 100;
const PRUNING_THREADS = 8;

for (const loads of ['main', 'threads']) {
  nativeTest(`threads may be terminated in the middle of a call (${loads} load)`, async (t) => {
    const { ended, before, after } = await resultOf<TerminateResult>('terminate-threads', [
      THREADS,
      loads,
    ]);
    t.is(ended, THREADS);
    const expected = diagonalBy(await loadKernels('native'));
    if (loads === 'main') t.deepEqual(before, expected);
    t.deepEqual(after, expected);
  });
}

nativeTest('threads may load the addon and unload it, wave after wave', async (t) => {
  const result = await resultOf<LoadResult>('load-in-threads', [12, 8]);
  t.deepEqual(result.codes, [0]);
  t.is(result.calls, 12 * 8 * 3);
  t.deepEqual(result.diagonal, diagonalBy(await loadKernels('native')));
  // The addon came and went, or this shows nothing.
  if (process.platform === 'linux') t.false(result.loadedBetween);
});

nativeTest('a thread may prune, be terminated and leave while it does', async (t) => {
  const { same, terminated, exitCodes } = await resultOf<PruneInThreadsResult>('prune-in-threads', [
    'native',
    PRUNING_THREADS,
  ]);
  t.deepEqual(same, [true, true, true, true]);
  t.is(terminated, PRUNING_THREADS);
  t.deepEqual(exitCodes, Array(PRUNING_THREADS).fill(7));
});

for (const phase of ['accumulate', 'invert', 'score', 'select', 'update']) {
  nativeTest(`a process may exit while a run is under way (${phase})`, async (t) => {
    for (const delay of [0, 2, 9]) {
      const { code, signal, stdout, stderr } = await runProgram('exit-midway', [phase, delay]);
      t.like({ code, signal, stdout, stderr }, { code: 0, signal: null, stdout: '"met"\n' });
    }
  });
}

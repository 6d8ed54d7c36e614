import { access } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { batchWithin } from '../../src/cli/announce-run.js';
import { memoryOf } from '../../src/plan/memory.js';
import { planRun } from '../../src/plan/run-plan.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { runSettings } from '../plan/settings.js';
import { writeModelFiles } from './model-files.js';
import { runCli } from './run-cli.js';

test('a run that does not fit is refused with flags that would, and writes nothing', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath, gradientsPath } = await writeModelFiles(folder);
  const out = join(folder, 'o');
  const args = ['prune', '--weights', weightsPath, '--gradients', gradientsPath, '--out', out];
  // 4.5 MiB of it are the counts of the ranking, whatever the model.
  const limit = ['--sparsity', '0.5', '--threads', '1', '--memory-limit', '1MB'];
  const { code, stderr, stdout } = await runCli([...args, ...limit]);
  t.is(code, 1);
  t.is(stdout, '');
  t.regex(
    stderr,
    /^error: this run needs 9\.\d MiB \(counts 9\.0 MiB, .*but --memory-limit is 977 KiB; no block size/,
  );
  await t.throwsAsync(access(out));
  const json = await runCli([...args, ...limit, '--json']);
  const error = JSON.parse(json.stdout.trim().split('\n').at(-1) ?? '');
  t.is(error.code, 'ERR_WOODFISHER_MEMORY');
  t.true(error.details.memory.needed.total > 4.5 * 2 ** 20);
  t.deepEqual(error.details.memory.budget, { bytes: 1e6, source: 'memoryLimit' });
});

test('what a run is going to take is said before, and its event has the bytes', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath, gradientsPath, samples } = await writeModelFiles(folder);
  const files = ['--weights', weightsPath, '--gradients', gradientsPath];
  const args = ['prune', ...files, '--out', join(folder, 'o'), '--sparsity', '0.5'];
  const { stderr } = await runCli([...args, '--memory-limit', '64MiB']);
  t.regex(stderr, /^planned: \d+\.\d MiB of memory\nload: /);
  const { stdout } = await runCli([...args, '--json']);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const at = events.findIndex(({ event }) => event === 'estimate');
  t.true(at >= 0 && at < events.findIndex(({ event }) => event === 'progress'));
  const { bytes, solver, seconds } = events[at];
  t.is(bytes.batches, 4 * samples * (9 * 14 + 5 * 9));
  t.is(solver.name, events.at(-1).solver.name);
  t.is(seconds, null);
});

test('a memory limit that is none is a refused option', async (t) => {
  const args = ['prune', '--weights', 'w', '--criterion', 'magnitude', '--sparsity', '0.5'];
  const { code, stderr } = await runCli([...args, '--out', 'o', '--memory-limit', 'little']);
  t.is(code, 1);
  t.regex(stderr, /^error: --memory-limit must be a number of bytes .* but is "little"\n$/);
});

test('batches of a file are halved until the run fits', (t) => {
  const settings = runSettings({ solver: 'gram', samples: 300 });
  const bytes = (gradientBatch: number) => memoryOf(planRun({ ...settings, gradientBatch })).total;
  const within = (limit: number) => batchWithin(settings, { bytes: limit, source: 'memoryLimit' });
  t.is(within(bytes(64)), 64);
  t.is(within(bytes(64) - 1), 32);
  t.is(within(bytes(16)), 16);
  t.is(within(bytes(16) - 1), 8);
});

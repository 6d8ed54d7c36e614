import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import type { QualityResult } from '../../../bench/quality/result.js';
import { temporaryFolder } from '../../formats/temporary-folder.js';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../../bench/quality/main.js', import.meta.url));

test('--quick on real digits: JSON on stdout and nothing else, and a plot', async (t) => {
  const folder = await temporaryFolder(t);
  const plot = join(folder, 'quality.svg');
  const choice = ['--networks', 'mlpnet', '--methods', 'magnitude,joint', '--cache', folder];
  const { stdout, stderr } = await run(process.execPath, [
    ...[MAIN, '--quick', ...choice],
    ...['--json', '--plot', plot],
  ]);
  const { quick, dense, cases } = JSON.parse(stdout) as QualityResult;
  t.true(quick);
  t.deepEqual(
    dense.map(({ dataset, network }) => [dataset, network]),
    [['mnist', 'mlpnet']],
  );
  t.deepEqual([...new Set(cases.map(({ method }) => method))], ['magnitude', 'joint']);
  t.regex(stderr, /1 networks, \d+ runs: about [\d.]+ s/);
  t.regex(stderr, /mnist\/mlpnet, joint, 95 %, N = 40, seed 1: [\d.]+ %/);
  t.regex(await readFile(plot, 'utf8'), /^<svg .*magnitude.*<\/svg>$/s);
});

test('a choice that is wrong ends with 2, before anything is done', async (t) => {
  const { code, stderr } = await t.throwsAsync<Error & { code: number; stderr: string }>(
    run(process.execPath, [MAIN, '--methods', 'joynt']),
  );
  t.is(code, 2);
  t.regex(stderr, /^error: --methods must be of .* but is "joynt"/);
});

test('a list with something else than numbers is refused', async (t) => {
  const { stderr } = await t.throwsAsync<Error & { stderr: string }>(
    run(process.execPath, [MAIN, '--sparsities', '0.9,,high']),
  );
  t.regex(stderr, /--sparsities.*commas between/);
});

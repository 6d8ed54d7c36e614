import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { cases } from '../../bench/cases/index.js';
import type { BenchResult } from '../../bench/result.js';
import { loadNative } from '../../src/engine/native.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { runBench } from './run-bench.js';

/** A program that is there and is no Python with PyTorch. */
const NO_TORCH = { WOODFISHER_PYTHON: process.execPath };

/** One after the other: each compiles the program that measures the peak where it is not there. */
const whenBuilt = loadNative() === undefined ? test.skip : test.serial;

whenBuilt('--json on stdout: the machine and the cases, and nothing else', async (t) => {
  const folder = await temporaryFolder(t);
  const plot = join(folder, 'ratios.svg');
  const args = ['--json', '--only', 'gram-128', '--plot', plot];
  const { code, stdout, stderr } = await runBench(args, NO_TORCH);
  t.is(code, 0, stderr);
  const { machine, cases: results, failures, quick } = JSON.parse(stdout) as BenchResult;
  t.true(quick);
  t.deepEqual(failures, []);
  t.true(machine.flopsOneThread > 1e8);
  t.true(machine.flopsAllThreads > 1e8);
  t.true(machine.readBytesPerSecond > 1e8);
  t.deepEqual(
    results.map(({ name }) => name),
    ['gram-128'],
  );
  const [result] = results;
  t.true(result.seconds > 0);
  // 10 blocks of 128, 256 samples.
  t.true(Math.abs((result.gflops * 1e9 * result.seconds) / (10 * 256 * 128 * 129) - 1) < 1e-9);
  t.true(result.fractionOfPeak > 0 && result.fractionOfPeak < 1.5);
  t.true(result.bytesPerSecond > 0);
  t.true(result.peakBytes > 3e7 && result.peakBytes < 1e9);
  t.true(result.error <= 1e-6);
  const [rival] = result.rivals;
  t.deepEqual(result.ratios, { javascript: rival.seconds / result.totalSeconds });
  t.is(rival.scaledFrom, 512);
  t.true(result.figures.every(({ ok }) => ok === null));
  t.regex(await readFile(plot, 'utf8'), /^<svg .*javascript.*<\/svg>\s*$/s);
});

whenBuilt('without PyTorch its forms are skipped with a message', async (t) => {
  const { code, stdout, stderr } = await runBench(['--only', 'gram-512'], NO_TORCH);
  t.is(code, 0, stderr);
  t.regex(stdout, /torch-rank1 skipped: no PyTorch in .*install\.sh/);
  t.regex(stdout, /float64 multiply-add peak: [\d.]+ GFLOP\/s/);
  t.regex(stdout, /│ gram-512 │ +javascript/);
});

whenBuilt('the other cases pass their checks too', async (t) => {
  const names = cases.map(({ name }) => name).filter((name) => !name.startsWith('gram'));
  const only = names.flatMap((name) => ['--only', name]);
  const { code, stdout, stderr } = await runBench([...only, '--json'], NO_TORCH);
  t.is(code, 0, stderr);
  const { cases: results, failures } = JSON.parse(stdout) as BenchResult;
  t.deepEqual(failures, []);
  t.deepEqual(
    results.map(({ name }) => name),
    names,
  );
  for (const { name, seconds, error, peakBytes } of results) {
    t.true(seconds > 0 && error <= 1e-6 && peakBytes > 3e7, name);
  }
  const byName = Object.fromEntries(results.map((result) => [result.name, result]));
  t.deepEqual(Object.keys(byName.digits.ratios), ['javascript']);
  t.true(byName.threads.values.oneThreadSeconds > 0);
  t.true(byName.resident.values.secondsPerWeight1e4 > 0);
});

whenBuilt('--no-rivals runs the package alone', async (t) => {
  const { code, stdout, stderr } = await runBench(['--only', 'gram-128', '--no-rivals', '--json']);
  t.is(code, 0, stderr);
  const [{ ratios, rivals, skipped }] = (JSON.parse(stdout) as BenchResult).cases;
  t.deepEqual({ ratios, rivals, skipped }, { ratios: {}, rivals: [], skipped: {} });
});

test('an unknown --only is refused with the names of the cases', async (t) => {
  const { code, stdout, stderr } = await runBench(['--only', 'gramm']);
  t.is(code, 2);
  t.is(stdout, '');
  t.regex(stderr, /--only must be .* but is "gramm"/);
  for (const { name } of cases) t.true(stderr.includes(name), name);
});

test('--runs that is no whole number is refused', async (t) => {
  const { code, stderr } = await runBench(['--runs', '0.5']);
  t.not(code, 0);
  t.regex(stderr, /whole number of at least 1/);
});

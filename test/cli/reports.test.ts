import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { writeModelFiles } from './model-files.js';
import { MAIN, runCli } from './run-cli.js';

const nowhere = [
  '--engine',
  'javascript',
  '--weights',
  '/nowhere',
  '--criterion',
  'magnitude',
  '--sparsity',
  '0.5',
];

test('a wrong command line is an event too, with --json', async (t) => {
  const { code, stdout } = await runCli(['prune', '--json', '--sparsity', 'much']);
  t.is(code, 2);
  const { event, code: name, message } = JSON.parse(stdout);
  t.deepEqual([event, name], ['error', 'ERR_WOODFISHER_USAGE']);
  t.regex(message, /--sparsity.*must be a number/);
});

for (const words of [
  ['--sparsity', ''],
  ['--sparsity', '90%'],
  ['--damping', 'NaN'],
]) {
  test(`${words.join(' ')} is no number`, async (t) => {
    t.is((await runCli(['prune', ...words])).code, 2);
  });
}

test('no command, or one that there is not, is a wrong command line', async (t) => {
  t.is((await runCli([])).code, 2);
  t.is((await runCli(['prunes'])).code, 2);
  t.is((await runCli(['prune', 'model.safetensors'])).code, 2);
  t.is((await runCli(['prune', '--json', '--quiet'])).code, 2);
});

test('an error is one line on stderr; WOODFISHER_DEBUG adds the stack', async (t) => {
  const folder = await temporaryFolder(t);
  const args = ['prune', ...nowhere, '--out', join(folder, 'o')];
  const { stderr } = await runCli(args);
  t.regex(stderr, /^error: \/nowhere: cannot be opened: ENOENT.*\n$/);
  const debug = await runCli(args, { env: { WOODFISHER_DEBUG: '1' } });
  t.regex(debug.stderr, /\n\s+at .*prune-files/);
});

test('--version is that of the package', async (t) => {
  const manifest = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  const { code, stdout } = await runCli(['--version']);
  t.deepEqual([code, stdout.trim()], [0, JSON.parse(manifest).version]);
});

test('plain lines tell each phase once, and nothing of them is on stdout', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath, gradientsPath } = await writeModelFiles(folder);
  const files = ['--weights', weightsPath, '--gradients', gradientsPath];
  const output = ['--out', join(folder, 'o'), '--sparsity', '0.5'];
  const { stdout, stderr } = await runCli(['prune', ...files, ...output]);
  const phases = stderr.split('\n').flatMap((line) => line.match(/^(\w+): \d/)?.[1] ?? []);
  t.deepEqual(phases.toSorted(), [...new Set(phases)].toSorted());
  for (const phase of ['load', 'accumulate', 'invert', 'update', 'write']) {
    t.true(phases.includes(phase), phase);
  }
  t.notRegex(stdout, /accumulate: \d/);
});

test('a reader of stdout that goes away does not stop the run', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath, gradientsPath } = await writeModelFiles(folder);
  const out = join(folder, 'o');
  const files = ['--weights', weightsPath, '--gradients', gradientsPath, '--out', out];
  const args = [MAIN, 'prune', ...files, '--sparsity', '0.5', '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  t.deepEqual([code, stderr], [0, '']);
  t.true((await readFile(out)).length > 100);
});

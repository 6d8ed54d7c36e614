import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { inputFlags, type ModelFiles, writeGradients, writeModelFiles } from './model-files.js';
import { runCli } from './run-cli.js';

/** The files, a place for the output, and what to change about a good run. */
interface Attempt {
  files: ModelFiles;
  folder: string;
  out: string;
}

function refused(
  title: string,
  code: 1 | 2,
  message: RegExp,
  change: (attempt: Attempt) => Promise<string[]> | string[],
  env?: Record<string, string>,
): void {
  test(`refused: ${title}`, async (t) => {
    const folder = await temporaryFolder(t);
    const files = await writeModelFiles(folder);
    const out = join(folder, 'out.safetensors');
    await writeFile(out, 'the old file');
    const more = await change({ files, folder, out });
    const before = await readdir(folder);
    const args = more.includes('--out') ? more : [...more, '--out', out];
    const result = await runCli(['prune', ...args], { env });
    t.is(result.code, code, result.stderr);
    t.regex(result.stderr, message);
    t.notRegex(result.stderr, /\n\s+at /, 'no stack');
    t.is(await readFile(out, 'utf8'), 'the old file');
    t.deepEqual(await readdir(folder), before, 'nothing is left behind');
  });
}

function good(attempt: Attempt): string[] {
  return [...inputFlags(attempt.files), '--sparsity', '0.5'];
}

/** A good run with other gradients. */
async function withGradients(
  attempt: Attempt,
  change: (files: ModelFiles) => { name: string; shape: readonly number[]; data: Float32Array }[],
): Promise<string[]> {
  const tensors = change(attempt.files);
  const arrays = Object.fromEntries(tensors.map(({ name, data }) => [name, data]));
  await writeGradients(attempt.files.gradientsPath, tensors, arrays);
  return good(attempt);
}

function gradientTensors({ parameters, gradients }: ModelFiles) {
  return parameters.map(({ name, shape }) => ({ name, shape, data: gradients[name] }));
}

refused('an unknown option', 2, /unknown option '--sparsitty'/, (a) => [
  ...good(a),
  '--sparsitty',
  '1',
]);
refused('no sparsity', 2, /required option '--sparsity/, (a) => inputFlags(a.files));
refused('no weights', 2, /required option '--weights/, () => ['--sparsity', '0.5']);
refused('a number that is none', 2, /--block-size.*many/, (a) => [
  ...good(a),
  '--block-size',
  'many',
]);
refused('a choice that is none', 2, /--criterion.*"best"|'best'/, (a) => [
  ...good(a),
  '--criterion',
  'best',
]);
refused('greedy × none', 1, /update "none" does not do/, (a) => [
  ...good(a),
  '--selection',
  'greedy',
  '--update',
  'none',
]);
refused(
  'a first-order step beyond 1',
  1,
  /--first-order must be a step from 0 to 1, but is 2/,
  (a) => [...good(a), '--first-order', '2'],
);
refused('a pattern that is none', 2, /--exclude/, (a) => [...good(a), '--exclude', '(']);
refused('no gradients', 2, /--criterion woodfisher needs --gradients/, (a) => [
  '--weights',
  a.files.weightsPath,
  '--sparsity',
  '0.5',
]);
refused('a sparsity above 1', 1, /--sparsity must be a number from 0 to 1, but is 1.5/, (a) => [
  ...inputFlags(a.files),
  '--sparsity',
  '1.5',
]);
refused('a damping of 0', 1, /--damping must be/, (a) => [...good(a), '--damping', '0']);
refused(
  'a block size of 0',
  1,
  /--block-size must be a whole number from 1 to 32767, but is 0/,
  (a) => [...good(a), '--block-size', '0'],
);
refused('a block size above 32767', 1, /--block-size must be/, (a) => [
  ...good(a),
  '--block-size',
  '32768',
]);
refused(
  'engine native without a binary',
  1,
  /"native" was asked for, but no binary.*nothing\.node/,
  (a) => [...good(a), '--engine', 'native'],
  { WOODFISHER_BINARY: '/nothing.node' },
);
refused('a file that is not there', 1, /nowhere\.safetensors/, (a) => [
  ...inputFlags(a.files),
  '--sparsity',
  '0.5',
  '--weights',
  join(a.folder, 'nowhere.safetensors'),
]);
refused('a truncated file', 1, /model\.safetensors/, async (a) => {
  await truncate(a.files.weightsPath, 300);
  return good(a);
});
refused('a header longer than the file', 1, /model\.safetensors/, async (a) => {
  const bytes = await readFile(a.files.weightsPath);
  bytes.writeUInt32LE(2 ** 31, 0);
  await writeFile(a.files.weightsPath, bytes);
  return good(a);
});
refused(
  'a parameter without gradients',
  1,
  /no gradients for tensor "fc2\.weight".*--exclude '\^fc2\\\.weight\$'.*--allow-missing/,
  (a) => withGradients(a, (files) => gradientTensors(files).slice(0, 2)),
);
refused('gradients without a parameter', 1, /has gradients for tensor "more".*--exclude/, (a) =>
  withGradients(a, (files) => [
    ...gradientTensors(files),
    { name: 'more', shape: [2], data: new Float32Array(4) },
  ]),
);
refused(
  'gradients of another shape',
  1,
  /"fc1\.weight", of shape \[9, 14\], must be \[samples, 9, 14\].*\[23, 14, 9\]/,
  (a) =>
    withGradients(a, (files) =>
      gradientTensors(files).map((g) => (g.name === 'fc1.weight' ? { ...g, shape: [14, 9] } : g)),
    ),
);
refused('different numbers of samples', 1, /same number of samples/, (a) =>
  withGradients(a, (files) =>
    gradientTensors(files).map((g) =>
      g.name === 'fc2.weight' ? { ...g, data: g.data.subarray(0, 45 * 3) } : g,
    ),
  ),
);
refused('zero samples', 1, /no gradient samples/, (a) =>
  withGradients(a, (files) =>
    gradientTensors(files).map((g) => ({ ...g, data: g.data.subarray(0, 0) })),
  ),
);
refused(
  'a gradient of NaN',
  1,
  /gradient 7 of parameter "fc2\.weight" must be finite, but is NaN in sample 3/,
  (a) =>
    withGradients(a, (files) => {
      files.gradients['fc2.weight'][45 * 3 + 7] = Number.NaN;
      return gradientTensors(files);
    }),
);
refused('a folder that is not there', 1, /does not exist/, (a) => [
  ...good(a),
  '--out',
  join(a.folder, 'no', 'out.safetensors'),
]);
refused('two outputs at one path', 1, /--out and --stats must be different files/, (a) => [
  ...good(a),
  '--stats',
  a.out,
]);
refused('nothing left to prune', 1, /no tensor to prune/, (a) => [...good(a), '--exclude', '.']);

test('--allow-missing keeps a tensor without gradients, outside the count', async (t) => {
  const folder = await temporaryFolder(t);
  const files = await writeModelFiles(folder);
  await writeGradients(files.gradientsPath, files.parameters.slice(0, 2), files.gradients);
  const args = [...inputFlags(files), '--sparsity', '0.5', '--out', join(folder, 'o')];
  const { code, stdout } = await runCli(['prune', ...args, '--allow-missing']);
  t.is(code, 0);
  t.regex(stdout, /63 of 126 weights are pruned/);
  t.regex(stdout, /kept \(no gradients in .*\): fc2\.weight/);
});

test('--json gives an error as its last line, with code and details', async (t) => {
  const { code, stdout } = await runCli([
    'prune',
    '--weights',
    'nowhere',
    '--sparsity',
    '2',
    '--criterion',
    'magnitude',
    '--out',
    'x',
    '--json',
  ]);
  t.is(code, 1);
  const event = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  t.is(event.event, 'error');
  t.is(event.code, 'ERR_WOODFISHER_OPTION');
  t.is(event.details.option, 'sparsity');
});

test('help is there for the program and each command, with the defaults', async (t) => {
  for (const args of [['--help'], ['prune', '--help'], ['build', '--help']]) {
    const { code, stdout } = await runCli(args);
    t.is(code, 0);
    t.regex(stdout, /Usage: woodfisher/);
  }
  const { stdout } = await runCli(['prune', '--help']);
  for (const text of [
    'default: 100',
    'default: 1e-5',
    'default: woodfisher',
    'default: global',
    'default: joint',
  ]) {
    t.true(stdout.replace(/\s+/g, ' ').includes(text), text);
  }
});

import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { writeSafetensors } from '../../src/formats/safetensors/writer.js';
import { sparseTensor, unstructured } from '../formats/compact/sparse-tensors.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { seeded } from '../random.js';
import { runCli } from './run-cli.js';

async function model(t: ExecutionContext) {
  const folder = await temporaryFolder(t);
  const random = seeded(8);
  const [dense, small, out] = ['dense', 'small', 'out'].map((name) => join(folder, name));
  await writeSafetensors(dense, [
    sparseTensor('fc1.weight', 'BF16', [100, 64], random, unstructured(0.9, random)),
    sparseTensor('fc1.bias', 'BF16', [100], random, () => true),
  ]);
  return { folder, dense, small, out };
}

/** The events of --json, the last one apart. */
function events(stdout: string) {
  const all = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { last: all.at(-1), others: all.slice(0, -1) };
}

test('compact, inspect and expand on the command line', async (t) => {
  const { dense, small, out } = await model(t);
  const compacted = await runCli(['compact', dense, small]);
  t.is(compacted.code, 0, compacted.stderr);
  t.regex(compacted.stdout, /fc1\.weight.*BF16.*\[100, 64\].*9\d\.\d\d %.*bitmask/);
  t.regex(compacted.stdout, /fc1\.bias.*dense \(no smaller\)/);
  t.regex(compacted.stderr, /^scan: 0\/13,000 bytes/);

  const inspected = await runCli(['inspect', small]);
  t.is(inspected.code, 0, inspected.stderr);
  const { size } = await stat(small);
  const bytes = new Intl.NumberFormat('en-US').format(size);
  t.true(inspected.stdout.includes(`(${bytes} bytes)`), inspected.stdout);
  t.regex(inspected.stdout, /small: a compact model/);
  t.regex(inspected.stdout, /gzip: .*% of dense/);

  const expanded = await runCli(['expand', small, out, '--quiet']);
  t.deepEqual([expanded.code, expanded.stdout, expanded.stderr], [0, '', '']);
  t.true((await readFile(dense)).equals(await readFile(out)));
});

test('--json: progress, and the result last', async (t) => {
  const { dense, small, out } = await model(t);
  const compacted = events((await runCli(['compact', dense, small, '--json'])).stdout);
  t.is(compacted.last.event, 'done');
  t.is(compacted.last.totals.compactBytes, (await stat(small)).size);
  t.is(compacted.last.tensors[0].format, 'bitmask');
  t.deepEqual([...new Set(compacted.others.map(({ event }) => event))], ['progress']);
  t.deepEqual([...new Set(compacted.others.map(({ phase }) => phase))], ['scan', 'pack']);
  const inspected = events((await runCli(['inspect', dense, '--no-gzip', '--json'])).stdout);
  t.deepEqual(inspected.last.totals, { ...compacted.last.totals, gzipBytes: null });
  const expanded = events((await runCli(['expand', small, out, '--json'])).stdout);
  t.is(expanded.last.denseBytes, (await stat(out)).size);
  t.is(expanded.last.written, out);
});

test('a model of which nothing becomes smaller is written with a warning', async (t) => {
  const { dense, small } = await model(t);
  const { code, stderr } = await runCli(['compact', dense, small, '--format', '2:4']);
  t.is(code, 0);
  t.regex(stderr, /warning: no tensor of .*dense became smaller/);
});

for (const args of [
  ['inspect'],
  ['inspect', 'a', 'b'],
  ['inspect', 'a', '--jsn'],
  ['compact', 'a'],
  ['compact', 'a', 'b', 'c'],
  ['compact', 'a', 'b', '--format', 'zip'],
  ['compact', 'a', 'b', '--format', '4:2'],
  ['compact', 'a', 'b', '--format', '2:257'],
  ['compact', 'a', 'b', '--json', '--quiet'],
  ['expand', 'a'],
  ['expand', 'a', 'b', '--format', 'csr'],
]) {
  test(`a wrong command line: ${args.join(' ')}`, async (t) => {
    const { code, stderr } = await runCli(args);
    t.is(code, 2);
    t.regex(stderr, /^error: /);
  });
}

for (const [title, command, content, message] of [
  ['a file that is not there', 'compact', undefined, /cannot be opened: ENOENT/],
  ['a file that is no model', 'compact', 'text', /a safetensors file has at least 8 bytes/],
  ['a dense file', 'expand', 'dense', /is not a compact file/],
  ['a compact file', 'compact', 'small', /is a compact file already/],
] as const) {
  test(`refused by ${command}: ${title}`, async (t) => {
    const { folder, dense, small, out } = await model(t);
    const input = join(folder, 'input');
    if (content === 'small') await runCli(['compact', dense, small]);
    if (content === 'text') await writeFile(input, 'text');
    else if (content !== undefined) await writeFile(input, await readFile(join(folder, content)));
    const before = await readdir(folder);
    const { code, stderr } = await runCli([command, input, out]);
    t.is(code, 1);
    t.regex(stderr, message);
    t.notRegex(stderr, /\n\s+at /);
    t.deepEqual(await readdir(folder), before);
  });
}

test('exit codes are in the help of each command', async (t) => {
  for (const command of ['compact', 'expand', 'inspect']) {
    const { code, stdout } = await runCli([command, '--help']);
    t.is(code, 0);
    t.regex(stdout, /Exit codes:\n {2}0 {4}done/);
  }
});

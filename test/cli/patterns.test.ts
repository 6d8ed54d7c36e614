import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { openSafetensors } from '../../src/formats/safetensors/reader.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { writeModelFiles } from './model-files.js';
import { runCli } from './run-cli.js';

async function masksOf(path: string): Promise<Map<string, number[]>> {
  await using file = await openSafetensors(path);
  const masks = new Map<string, number[]>();
  for (const name of file.tensors.keys()) masks.set(name, [...(await file.readBytes(name))]);
  return masks;
}

test('patterns, budgets by tensor, masks in and named sets from the command line', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath, gradientsPath } = await writeModelFiles(folder);
  const mask = join(folder, 'mask.safetensors');
  const prune = async (...args: string[]) => {
    const inputs = ['--weights', weightsPath, '--gradients', gradientsPath, '--json'];
    const outputs = ['--out', join(folder, 'out.safetensors'), '--mask-out', mask];
    const result = await runCli(['prune', ...inputs, ...outputs, ...args]);
    t.is(result.code, 0, result.stderr + result.stdout);
    const done = JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '');
    return { done, masks: await masksOf(mask) };
  };
  const sum = (values: readonly number[] = []) => values.reduce((a, b) => a + b, 0);

  // [9, 14] and [5, 9]: rows of 3 groups of 4 and a rest of 2, of 2 groups and a rest of 1.
  const half = await prune('--pattern', '2:4');
  t.is(sum(half.masks.get('fc1.weight')), 9 * 8);
  t.is(sum(half.masks.get('fc2.weight')), 5 * 5);
  t.is(half.done.pattern, '2:4');

  const before = half.masks.get('fc1.weight') ?? [];
  const more = await prune('--mask-in', mask, '--sparsity', 'fc1.weight=0.7');
  const after = more.masks.get('fc1.weight') ?? [];
  t.is(after.length - sum(after), Math.floor(0.7 * 126 + 0.5));
  t.true(after.every((kept, i) => kept <= before[i]));
  t.deepEqual(more.masks.get('fc2.weight'), half.masks.get('fc2.weight'));

  const again = await prune('--target-flops', '0.5', '--cost', 'fc1.weight=3', '--pattern', 'rows');
  t.is(again.done.flops.dense, 3 * 126 + 45);
  t.true(again.done.flops.after <= again.done.flops.target);

  const sets = join(folder, 'sets.json');
  const members = (row: number) => ({
    'fc1.weight': Array.from({ length: 14 }, (_, i) => 14 * row + i),
    'fc2.weight': Array.from({ length: 5 }, (_, o) => 9 * o + row),
  });
  const neurons = Array.from({ length: 9 }, (_, row) => ({
    name: `${row}`,
    members: members(row),
  }));
  await writeFile(sets, JSON.stringify(neurons));
  const without = await prune('--pattern', sets, '--sparsity', '0.3');
  const first = without.masks.get('fc1.weight') ?? [];
  const second = without.masks.get('fc2.weight') ?? [];
  const rows = Array.from({ length: 9 }, (_, row) => first[14 * row]);
  t.is(rows.length - sum(rows), 3);
  t.true(first.every((kept, i) => kept === rows[Math.floor(i / 14)]));
  t.true(second.every((kept, i) => kept === rows[i % 9]));
});

test('masks that do not fit the model are refused, and what is no set', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath, gradientsPath } = await writeModelFiles(folder);
  const outputs = ['--out', join(folder, 'out.safetensors')];
  const inputs = ['--weights', weightsPath, '--gradients', gradientsPath];
  const refused = async (message: RegExp, ...args: string[]) => {
    const result = await runCli(['prune', ...inputs, ...outputs, ...args]);
    t.not(result.code, 0);
    t.regex(result.stderr, message);
  };
  await refused(
    /the mask "fc1.weight" must be U8 or BOOL, but is F32/,
    ...['--mask-in', weightsPath, '--sparsity', '0.5'],
  );
  const sets = join(folder, 'sets.json');
  await writeFile(sets, '{"name": "one"}');
  await refused(
    /sets\.json: the sets must be an array, but is "\{" \(at byte 0\)/,
    ...['--pattern', sets, '--sparsity', '0.5'],
  );
  await refused(/--pattern must be unstructured/, '--pattern', '3x3', '--sparsity', '0.5');
  await refused(/must be one number, or name=number/i, '--sparsity', '0.5', '--sparsity', 'a=1');
});

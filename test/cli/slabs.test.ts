import { mkdir, readdir, readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { writeSafetensors } from '../../src/formats/safetensors/writer.js';
import { takeLock } from '../../src/slabs/lock.js';
import { writeShards } from '../formats/safetensors/shards.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { randomArray, seeded } from '../random.js';
import { killWhen } from './kill-when.js';
import { runCli } from './run-cli.js';

const SHAPES = { 'a.weight': [192, 400], 'b.weight': [240, 256], 'c.weight': [400, 128] } as const;
const MEMORY = '22MB';

/** A model in two files, and its gradients in three, BF16; the flags to prune it. */
async function writeModel(
  folder: string,
  method: readonly string[] = ['--sparsity', '0.8'],
): Promise<string[]> {
  const random = seeded(71);
  const tensors = Object.entries(SHAPES).map(([name, shape]) => ({
    ...{ name, dtype: 'BF16' as const, shape: [...shape] },
    data: randomArray(shape[0] * shape[1], random),
  }));
  const bias = {
    name: 'bias',
    dtype: 'I64' as const,
    shape: [3],
    data: new Uint8Array(24).fill(7),
  };
  const model = join(folder, 'model');
  await mkdir(model);
  await writeShards(model, { one: [tensors[0], bias], two: tensors.slice(1) });
  for (const [f, count] of [3, 1, 4].entries()) {
    await writeSafetensors(
      join(folder, `g${f}.safetensors`),
      Object.entries(SHAPES).map(([name, shape]) => ({
        ...{ name, dtype: 'BF16' as const, shape: [count, ...shape] },
        data: randomArray(count * shape[0] * shape[1], random),
      })),
    );
  }
  const files = ['--weights', model, '--gradients', join(folder, 'g?.safetensors')];
  return [...files, ...method, '--block-size', '50', '--gradient-batch', '4'];
}

/** What a run has written, by file. */
async function outputs(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of ['p/one', 'p/two', 'p/model.safetensors.index.json', 'mask']) {
    files[name] = (await readFile(join(folder, name))).toString('base64');
  }
  return files;
}

function outputFlags(folder: string): string[] {
  return ['--out', join(folder, 'p'), '--mask-out', join(folder, 'mask')];
}

/** Prunes in memory, and gives the outputs. */
async function expected(t: ExecutionContext, flags: readonly string[], folder: string) {
  const into = join(folder, 'memory');
  await mkdir(into);
  const solver = ['--solver', 'gram', '--memory-limit', '2GiB'];
  const { code, stderr } = await runCli(['prune', ...flags, ...solver, ...outputFlags(into)]);
  t.is(code, 0, stderr);
  return await outputs(into);
}

test('a model in shards, gradients in several files, a slab at a time', async (t) => {
  const folder = await temporaryFolder(t);
  const flags = [...(await writeModel(folder)), '--solver', 'gram'];
  const whole = await expected(t, flags, folder);
  const before = await readdir(folder);
  const args = [...flags, '--memory', MEMORY, ...outputFlags(folder), '--json'];
  const { code, stdout, stderr } = await runCli(['prune', ...args]);
  t.is(code, 0, stderr);
  const events = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const plan = events.find(({ event }) => event === 'plan');
  t.true(plan.slabs > 3);
  t.true(plan.bytes.memory <= 22e6);
  t.deepEqual(await outputs(folder), whole);
  t.deepEqual(
    (await readdir(folder)).sort(),
    [...before, 'p', 'mask'].sort(),
    'no scratch is left',
  );
  t.is(
    whole['p/model.safetensors.index.json'],
    (await readFile(join(folder, 'model/model.safetensors.index.json'))).toString('base64'),
  );

  const planned = await runCli(['plan', ...flags, '--memory', MEMORY, '--json']);
  const told = JSON.parse(planned.stdout.trim().split('\n').at(-1) ?? '');
  t.is(told.slabs, plan.slabs);
  t.deepEqual(told.bytes, plan.bytes);
});

test('killed at any moment, the same command goes on, and the files are the same', async (t) => {
  const folder = await temporaryFolder(t);
  const flags = [...(await writeModel(folder)), '--solver', 'gram'];
  const whole = await expected(t, flags, folder);
  const work = join(folder, 'work');
  const args = [...flags, '--memory', MEMORY, '--work-dir', work, ...outputFlags(folder)];
  const random = seeded(9);
  let last = 0;
  let finished = false;
  for (let kills = 0; kills < 6; kills++) {
    const records = last + 1 + Math.floor(3 * random());
    finished = await killedAfter(['prune', ...args], work, records);
    if (finished) break;
    const done = await recordsIn(work);
    t.true(done >= last, 'nothing is done twice');
    last = done;
  }
  t.true(last > 3);
  if (!finished) {
    const { code, stderr } = await runCli(['prune', ...args]);
    t.is(code, 0, stderr);
  }
  const left = (await readdir(work)).filter((name) => !(finished && name === 'lock'));
  t.deepEqual(left, [], 'the folder is left empty');
  t.deepEqual(await outputs(folder), whole);
});

test('a run goes on by its own plan where there is too little memory for another', async (t) => {
  const folder = await temporaryFolder(t);
  const flags = [...(await writeModel(folder)), '--solver', 'gram'];
  const whole = await expected(t, flags, folder);
  const work = join(folder, 'work');
  const args = [...flags, '--work-dir', work, ...outputFlags(folder)];
  const little = ['prune', ...args, '--memory', '1KB'];
  const refused = await runCli(little);
  t.is(refused.code, 1);
  t.regex(refused.stderr, /--memory must be at least .*, but is 1000 B;/);
  t.false(await killedAfter(['prune', ...args, '--memory', MEMORY], work, 2));
  const { code, stderr } = await runCli(little);
  t.is(code, 0, stderr);
  t.deepEqual(await outputs(folder), whole);
});

test('another run, another input or another setting is refused, with the reason', async (t) => {
  const folder = await temporaryFolder(t);
  const flags = await writeModel(folder);
  const work = join(folder, 'work');
  await mkdir(work);
  const args = [...flags, '--memory', MEMORY, '--work-dir', work, ...outputFlags(folder)];
  const release = await takeLock(join(work, 'lock'));
  const second = await runCli(['prune', ...args]);
  t.is(second.code, 1);
  t.regex(second.stderr, new RegExp(`workDir is in use by process ${process.pid};`));
  await release();

  await killedAfter(['prune', ...args], work, 1);
  const other = await runCli(['prune', ...args, '--damping', '1e-2']);
  t.regex(
    other.stderr,
    /a run that cannot go on: damping was 0\.00001 and is 0\.01; remove the folder/,
  );
  const gradients = join(folder, 'g1.safetensors');
  const { atime, mtime } = await stat(gradients);
  await utimes(gradients, atime, new Date(mtime.getTime() + 5000));
  const changed = await runCli(['prune', ...args]);
  t.is(changed.code, 1);
  t.regex(changed.stderr, /a run that cannot go on: .*g1\.safetensors has changed/);
});

test('pattern 2:4 in slabs, as in memory, in one pass', async (t) => {
  const folder = await temporaryFolder(t);
  const flags = await writeModel(folder, ['--pattern', '2:4']);
  const whole = await expected(t, flags, folder);
  const args = [...flags, '--solver', 'gram', '--memory', MEMORY, ...outputFlags(folder), '--json'];
  const { code, stdout, stderr } = await runCli(['prune', ...args]);
  t.is(code, 0, stderr);
  t.regex(stdout, /"event":"plan","slabs":(?!1,)\d+.*"passes":1/);
  t.deepEqual(await outputs(folder), whole);
});

test('a mask of another model, shape or dtype is refused in slabs as in memory', async (t) => {
  const folder = await temporaryFolder(t);
  const flags = await writeModel(folder);
  const masks = join(folder, 'masks');
  const args = [...flags, '--mask-in', masks, ...outputFlags(folder)];
  const [name, shape] = Object.entries(SHAPES)[1];
  const right = { name, dtype: 'U8' as const, shape: [...shape], data: new Uint8Array(240 * 256) };
  for (const [wrong, words] of [
    [{ ...right, name: 'd.weight' }, /the mask "d\.weight" is of a tensor that .* does not have/],
    [
      { ...right, shape: [256, 240] },
      /"b\.weight" must have the shape \[240,256\] .* has \[256,240\]/,
    ],
    [{ ...right, dtype: 'I8' as const }, /the mask "b\.weight" must be U8 or BOOL, but is I8/],
  ] as const) {
    await writeSafetensors(masks, [wrong]);
    for (const memory of [MEMORY, '2GiB']) {
      const { code, stderr } = await runCli(['prune', ...args, '--memory', memory]);
      t.is(code, 1);
      t.regex(stderr, words, memory);
    }
  }
  t.false((await readdir(folder)).includes('p'));
});

for (const method of [
  ['--sparsity', '0.8'],
  ['--pattern', '2:4'],
]) {
  test(`stats in slabs has the scores of stats in memory, with ${method.join(' ')}`, async (t) => {
    const folder = await temporaryFolder(t);
    const flags = [...(await writeModel(folder, method)), '--solver', 'gram'];
    const [slabs, memory] = await Promise.all(
      [MEMORY, '2GiB'].map(async (size) => {
        const scores = join(folder, `scores-${size}`);
        const { code, stderr } = await runCli([
          'stats',
          ...flags,
          '--memory',
          size,
          '--scores',
          scores,
        ]);
        t.is(code, 0, stderr);
        return await readFile(scores, 'base64');
      }),
    );
    t.is(slabs, memory);
  });
}

test('SIGINT stops, and tells how to go on', async (t) => {
  const folder = await temporaryFolder(t);
  const flags = await writeModel(folder);
  const work = join(folder, 'work');
  const args = [...flags, '--memory', MEMORY, '--work-dir', work, ...outputFlags(folder)];
  let sent = false;
  const { code, stderr } = await runCli(['prune', ...args], {
    onStderr: (text, kill) => {
      if (sent || !text.includes('score: ')) return;
      sent = true;
      kill('SIGINT');
    },
  });
  t.is(code, 130, stderr);
  t.regex(stderr, /what is done is in .*work; the same command goes on from there/);
  t.is((await runCli(['prune', ...args])).code, 0);
});

test('gradients in another order are other samples, and refused', async (t) => {
  const folder = await temporaryFolder(t);
  const flags = await writeModel(folder);
  const at = flags.indexOf('--gradients');
  const others = flags.filter((_, i) => i !== at && i !== at + 1);
  const work = join(folder, 'work');
  const args = (...order: number[]) => [
    ...[
      'prune',
      ...others,
      ...order.flatMap((f) => ['--gradients', join(folder, `g${f}.safetensors`)]),
    ],
    ...['--memory', MEMORY, '--work-dir', work, ...outputFlags(folder)],
  ];
  t.false(await killedAfter(args(0, 1, 2), work, 1));
  const { code, stderr } = await runCli(args(1, 0, 2));
  t.is(code, 1);
  t.regex(stderr, /a run that cannot go on: its inputs are in another order/);
});

test('what needs the model as a whole is refused in slabs', async (t) => {
  const folder = await temporaryFolder(t);
  const flags = await writeModel(folder);
  const args = ['prune', ...flags, '--memory', MEMORY, ...outputFlags(folder)];
  const rows = await runCli([...args, '--pattern', 'rows']);
  t.regex(
    rows.stderr,
    /^error: --memory is for runs in slabs, but pattern "rows" has groups of any size/m,
  );
  const recorded = ['--work-dir', join(folder, 'work'), '--memory-limit', '2GiB'];
  const both = await runCli(['prune', ...flags, ...recorded, ...outputFlags(folder)]);
  t.regex(
    both.stderr,
    /^error: --work-dir cannot go with memoryLimit, which keeps the model in memory/m,
  );
  const small = await runCli(['prune', ...flags, '--memory', '1MB', ...outputFlags(folder)]);
  t.is(small.code, 1);
  t.regex(small.stderr, /^error: --memory must be at least \d.* but is 977 KiB/m);
});

/** Runs the command and kills it when so many slabs are recorded; whether it was done by then. */
function killedAfter(args: readonly string[], work: string, records: number): Promise<boolean> {
  return killWhen(args, work, async () => (await recordsIn(work)) >= records);
}

/** Passes over slabs that are recorded. */
async function recordsIn(work: string): Promise<number> {
  const names = await readdir(work).catch(() => []);
  return names.filter((name) => /^(sums|score|apply)-/.test(name)).length;
}

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { openSafetensors } from '../../src/formats/safetensors/reader.js';
import { writeSafetensors } from '../../src/formats/safetensors/writer.js';
import type { RunStatistics } from '../../src/index.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { randomArray, seeded } from '../random.js';
import { writeModelFiles } from './model-files.js';
import { runCli } from './run-cli.js';

/** Tensors of a file as float32. */
async function readTensors(path: string): Promise<Map<string, Float32Array>> {
  await using file = await openSafetensors(path);
  const tensors = new Map<string, Float32Array>();
  for (const [name, { dtype, shape }] of file.tensors) {
    const isMask = dtype === 'U8';
    tensors.set(
      name,
      isMask ? Float32Array.from(await file.readBytes(name)) : await file.read(name),
    );
    if (!isMask) tensors.set(`shape of ${name}`, Float32Array.from(shape));
  }
  return tensors;
}

test('stats finds what prune does, and no weight that went has a higher score than one that stayed', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath, gradientsPath, parameters } = await writeModelFiles(folder);
  const [stats, scores, out, mask, pruned] = ['s.json', 'sc', 'out', 'mask', 'p.json'].map((name) =>
    join(folder, name),
  );
  const flags = ['--weights', weightsPath, '--gradients', gradientsPath, '--block-size', '30'];
  for (const method of [
    ['--sparsity', '0.7'],
    ['--sparsity', '0.4', '--selection', 'greedy'],
    ['--sparsity', '0.5', '--criterion', 'diagonal-fisher', '--output-axis', 'last'],
  ]) {
    const to = ['--stats', stats, '--scores', scores];
    const result = await runCli(['stats', ...flags, ...method, ...to]);
    t.is(result.code, 0, result.stderr);
    const outputs = ['--out', out, '--mask-out', mask, '--stats', pruned];
    t.is((await runCli(['prune', ...flags, ...method, ...outputs])).code, 0);
    const [found, expected] = await Promise.all(
      [stats, pruned].map(
        async (path) => JSON.parse(await readFile(path, 'utf8')) as RunStatistics,
      ),
    );
    t.deepEqual({ ...found, phases: [] }, { ...expected, phases: [] });
    const score = await readTensors(scores);
    const kept = await readTensors(mask);
    const ranked = [...kept].flatMap(([name, bits]) =>
      Array.from(bits, (bit, i) => ({ bit, value: score.get(name)?.[i] ?? Number.NaN })),
    );
    const most = Math.max(...ranked.filter(({ bit }) => bit === 0).map(({ value }) => value));
    const least = Math.min(...ranked.filter(({ bit }) => bit === 1).map(({ value }) => value));
    t.true(most <= least, `${most} went and ${least} stayed`);
    t.is(Math.fround(expected.threshold ?? 0), most);
    t.deepEqual([...(score.get('shape of fc1.weight') ?? [])], [...parameters[0].shape]);
  }
});

test('without a sparsity stats prunes nothing, and tells the loss of those asked for', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath, gradientsPath } = await writeModelFiles(folder);
  const before = (await readdir(folder)).sort();
  const flags = ['--weights', weightsPath, '--gradients', gradientsPath, '--curve', '0.33,0.66'];
  const { code, stdout, stderr } = await runCli(['stats', ...flags]);
  t.is(code, 0, stderr);
  t.regex(stdout, /0 of 171 weights are pruned/);
  t.regex(stdout, /predicted loss by sparsity: 33\.00 % \S+, 66\.00 % /);
  t.deepEqual((await readdir(folder)).sort(), before);
  const { stdout: lines } = await runCli(['stats', ...flags, '--json']);
  const { event, curve, totals, written } = JSON.parse(lines.trim().split('\n').at(-1) ?? '');
  t.is(event, 'done');
  t.is(totals.prunedNow, 0);
  t.deepEqual(written, {});
  t.deepEqual(
    curve.map(({ sparsity }: { sparsity: number }) => sparsity),
    [0, 0.33, 0.66],
  );
});

test('scores by magnitude are magnitudes, in the layout of the model, and 0 where it was pruned', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath, parameters } = await writeModelFiles(folder);
  const [scores, masks] = ['sc', 'mask'].map((name) => join(folder, name));
  const [weight] = parameters;
  const mask = Uint8Array.from(weight.data, (_, i) => i % 3 && 1);
  await writeSafetensors(masks, [
    { name: weight.name, dtype: 'U8', shape: weight.shape, data: mask },
  ]);
  for (const axis of ['first', 'last']) {
    for (const blocks of ['parameter', 'compact']) {
      const method = ['--criterion', 'magnitude', '--output-axis', axis, '--blocks', blocks];
      const files = ['--weights', weightsPath, '--mask-in', masks, '--scores', scores];
      const { code, stderr } = await runCli(['stats', ...files, ...method]);
      t.is(code, 0, stderr);
      const found = await readTensors(scores);
      t.deepEqual(
        found.get('fc1.weight'),
        weight.data.map((w, i) => mask[i] * Math.abs(w)),
      );
      t.deepEqual(found.get('fc2.weight'), parameters[2].data.map(Math.abs));
      t.is(found.get('fc1.bias'), undefined);
    }
  }
});

test('weights of a group have its score, and those in none are infinite', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath, gradientsPath } = await writeModelFiles(folder);
  const scores = join(folder, 'sc');
  const files = ['--weights', weightsPath, '--gradients', gradientsPath, '--scores', scores];
  for (const pattern of ['1x4', '2:4']) {
    const { code, stderr } = await runCli(['stats', ...files, '--pattern', pattern]);
    t.is(code, 0, stderr);
    const score = (await readTensors(scores)).get('fc2.weight') ?? new Float32Array();
    for (const [i, value] of score.entries()) {
      const column = i % 9;
      if (column === 8) t.is(value, Number.POSITIVE_INFINITY);
      else t.is(value, score[i - (column % 4)]);
    }
    t.true(new Set(score).size > 5);
  }
});

for (const axis of ['first', 'last']) {
  test(`scores in slabs are those in memory, outputs ${axis}`, async (t) => {
    const folder = await temporaryFolder(t);
    const random = seeded(3);
    const shapes = { a: [150, 300], b: [200, 256], c: [300, 128] };
    const tensors = (count: number[], random: () => number) =>
      Object.entries(shapes).map(([name, shape]) => ({
        ...{ name, dtype: 'F32' as const, shape: [...count, ...shape] },
        data: randomArray(
          [...count, ...shape].reduce((a, b) => a * b),
          random,
        ),
      }));
    const [weights, gradients, whole, slabs] = ['w', 'g', 'whole', 'slabs'].map((name) =>
      join(folder, name),
    );
    await writeSafetensors(weights, tensors([], random));
    await writeSafetensors(gradients, tensors([6], random));
    const files = ['--weights', weights, '--gradients', gradients, '--output-axis', axis];
    const method = ['--solver', 'gram', '--block-size', '50', '--gradient-batch', '3'];
    const all = ['stats', ...files, ...method];
    const inMemory = [...all, '--memory-limit', '2GiB', '--scores', whole];
    t.is((await runCli(inMemory)).code, 0);
    const before = (await readdir(folder)).sort();
    const inSlabs = [...all, '--memory', '22MB', '--scores', slabs, '--json'];
    const { code, stdout, stderr } = await runCli(inSlabs);
    t.is(code, 0, stderr);
    t.true(JSON.parse(stdout.split('\n').find((line) => line.includes('"plan"')) ?? '').slabs > 2);
    t.deepEqual(await readFile(slabs), await readFile(whole));
    t.deepEqual((await readdir(folder)).sort(), [...before, 'slabs'].sort());
  });
}

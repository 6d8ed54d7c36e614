import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { openSafetensors } from '../../src/formats/safetensors/reader.js';
import { type TensorSource, writeSafetensors } from '../../src/formats/safetensors/writer.js';
import { prune } from '../../src/index.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { randomArray, seeded } from '../random.js';
import { writeModelFiles } from './model-files.js';
import { runCli } from './run-cli.js';

/** `woodfisher prune` with words for its flags. */
function run(...words: string[]) {
  return runCli(['prune', '--sparsity', '0.5', ...words]);
}

test('order, dtypes, metadata and the bytes of kept tensors are those of the input', async (t) => {
  const folder = await temporaryFolder(t);
  const [model, out] = ['m', 'o'].map((name) => join(folder, name));
  const random = seeded(3);
  const odd = Uint8Array.from({ length: 32 }, () => 256 * random());
  odd.set([1, 0xfe, 0xff, 0x7f]); // a NaN with a payload, if these are read as floats
  const tensors: TensorSource[] = [
    { name: 'z.weight', dtype: 'F32', shape: [4, 5], data: randomArray(20, random) },
    { name: 'ids', dtype: 'I64', shape: [2, 2], data: odd },
    { name: 'embed.weight', dtype: 'F16', shape: [4, 4], data: odd },
    { name: 'quantised', dtype: 'F8_E4M3', shape: [4, 8], data: odd },
    { name: 'scale', dtype: 'F64', shape: [4], data: odd },
    { name: 'empty', dtype: 'F32', shape: [0, 4], data: new Uint8Array(0) },
    { name: 'a.weight', dtype: 'BF16', shape: [5, 4], data: randomArray(20, random) },
  ];
  const metadata = Object.entries({ format: 'pt', note: 'kept' });
  await writeSafetensors(model, tensors, { metadata });
  const more = ['--criterion', 'magnitude', '--exclude', '^embed'];
  const { code, stdout, stderr } = await run('--weights', model, '--out', out, ...more);
  t.is(code, 0, stderr);
  for (const reason of [
    /kept \(I64 is not one of F16, BF16, F32 and F64\): ids/,
    /kept \(excluded by --exclude '\^embed'\): embed\.weight/,
    /kept \(F8_E4M3 is not one of .*\): quantised/,
    /kept \(fewer than two axes\): scale/,
    /kept \(no elements\): empty/,
  ]) {
    t.regex(stdout, reason);
  }
  await using before = await openSafetensors(model);
  await using after = await openSafetensors(out);
  t.deepEqual([...after.metadata], metadata);
  t.deepEqual([...after.tensors.values()], [...before.tensors.values()]);
  for (const name of ['ids', 'embed.weight', 'quantised', 'scale', 'empty']) {
    t.deepEqual(await after.readBytes(name), await before.readBytes(name));
  }
});

test('F64 weights that did not change keep all their bits, and pruned ones are 0', async (t) => {
  const folder = await temporaryFolder(t);
  const [model, out, masks] = ['m', 'o', 'k'].map((name) => join(folder, name));
  const random = seeded(4);
  const weights = Float64Array.from({ length: 60 }, () => random() - 0.5);
  weights[17] = 1e-60; // 0 as a float32, and yet to be pruned
  const data = new Uint8Array(weights.buffer);
  await writeSafetensors(model, [{ name: 'w', dtype: 'F64', shape: [6, 10], data }]);
  const magnitude = ['--criterion', 'magnitude', '--mask-out', masks];
  t.is((await run('--weights', model, '--out', out, ...magnitude)).code, 0);
  const bytes = await bytesOf(out, 'w');
  const kept = await bytesOf(masks, 'w');
  t.is(kept[17], 0);
  const expected = weights.map((w, i) => (kept[i] === 0 ? 0 : w));
  t.deepEqual(bytes, new Uint8Array(expected.buffer));
});

test('F64 weights that changed are those of the library', async (t) => {
  const folder = await temporaryFolder(t);
  const { parameters, gradients, gradientsPath, weightsPath, samples } =
    await writeModelFiles(folder);
  const tensors = parameters.map(({ name, shape, data }): TensorSource => {
    const bytes = new Uint8Array(Float64Array.from(data).buffer);
    return { name, dtype: 'F64', shape: [...shape], data: bytes };
  });
  await writeSafetensors(weightsPath, tensors);
  const files = ['--weights', weightsPath, '--gradients', gradientsPath, '--out', weightsPath];
  t.is((await run(...files)).code, 0, 'the output may take the place of the input');
  const expected = await prune({ parameters, gradients: [gradients], samples, sparsity: 0.5 });
  await using file = await openSafetensors(weightsPath);
  for (const { name, data } of expected.parameters) t.deepEqual(await file.read(name), data);
});

test('gradients of kept tensors may be of any shape and are not read', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath, gradientsPath, parameters, gradients, samples } =
    await writeModelFiles(folder);
  const out = join(folder, 'o');
  const nan = new Float32Array(3).fill(Number.NaN);
  await writeSafetensors(gradientsPath, [
    { name: 'fc1.bias', dtype: 'F32', shape: [3], data: nan },
    { name: 'fc1.weight', dtype: 'F32', shape: [3, 1], data: nan },
    { name: 'not in the model', dtype: 'I8', shape: [], data: Uint8Array.of(1) },
    { name: 'fc2.weight', dtype: 'F32', shape: [samples, 5, 9], data: gradients['fc2.weight'] },
  ]);
  const files = ['--weights', weightsPath, '--gradients', gradientsPath, '--out', out];
  const { code, stderr } = await run(...files, '--exclude', '^fc1', '--exclude', 'not in');
  t.is(code, 0, stderr);
  t.notRegex(stderr, /matches no tensor/);
  const [, , only] = parameters;
  const batch = { [only.name]: gradients[only.name] };
  const expected = await prune({ parameters: [only], gradients: [batch], samples, sparsity: 0.5 });
  await using file = await openSafetensors(out);
  t.deepEqual(await file.read('fc2.weight'), expected.parameters[0].data);
});

test('a pattern that matches no tensor is warned of', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath } = await writeModelFiles(folder);
  const files = ['--weights', weightsPath, '--out', join(folder, 'o')];
  const { stderr } = await run(...files, '--criterion', 'magnitude', '--exclude', 'fc3');
  t.regex(stderr, /^warning: --exclude 'fc3' matches no tensor$/m);
});

test('permissions of a file that is replaced are kept, and links are followed', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath } = await writeModelFiles(folder);
  const [link, target] = ['link', 'target'].map((name) => join(folder, name));
  await writeFile(target, 'old');
  await chmod(target, 0o640);
  await symlink('target', link);
  const { code } = await run('--weights', weightsPath, '--out', link, '--criterion', 'magnitude');
  t.is(code, 0);
  t.true((await lstat(link)).isSymbolicLink());
  t.is((await stat(target)).mode & 0o777, 0o640);
  t.true((await readFile(target)).length > 100);
});

test('an error while the files are written leaves the old ones, all of them', async (t) => {
  const folder = await temporaryFolder(t);
  const { gradientsPath, parameters } = await writeModelFiles(folder);
  const model = join(folder, 'model.safetensors');
  // One weight is at the end of the range, and making up for others moves it beyond.
  for (const parameter of parameters) parameter.data.fill(65504);
  await writeSafetensors(
    model,
    parameters.map(({ name, shape, data }) => ({ name, dtype: 'F16', shape: [...shape], data })),
  );
  const outputs = ['out', 'mask-out', 'stats'].map((name) => join(folder, name));
  for (const path of outputs) await writeFile(path, `old ${path}`);
  const before = await readdir(folder);
  const flags = outputs.flatMap((path) => [`--${path.slice(folder.length + 1)}`, path]);
  const files = ['--weights', model, '--gradients', gradientsPath];
  const { code, stderr } = await run(...files, ...flags, '--quiet');
  t.is(code, 1);
  const where = `${outputs[0]} is not written: tensor "fc`;
  t.true(stderr.startsWith(`error: ${where}`), stderr);
  t.regex(stderr, /beyond the range of F16 .*\n$/);
  for (const path of outputs) t.is(await readFile(path, 'utf8'), `old ${path}`);
  t.deepEqual(await readdir(folder), before);
});

test('an output in the place of a folder is refused before any data are read', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath } = await writeModelFiles(folder);
  await truncate(weightsPath, 100);
  const out = join(folder, 'o');
  await mkdir(out);
  const { code, stderr } = await run('--weights', weightsPath, '--out', out);
  t.is(code, 2, 'no gradients');
  t.regex(stderr, /needs --gradients/);
  const magnitude = await run('--weights', weightsPath, '--out', out, '--criterion', 'magnitude');
  t.is(magnitude.code, 1);
  t.regex(magnitude.stderr, /o is not written: there is something else than a regular file/);
});

async function bytesOf(path: string, name: string): Promise<Uint8Array> {
  await using file = await openSafetensors(path);
  return await file.readBytes(name);
}

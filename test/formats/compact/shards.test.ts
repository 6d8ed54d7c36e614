import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openModelFiles } from '../../../src/formats/safetensors/model-files.js';
import { openSafetensors } from '../../../src/formats/safetensors/reader.js';
import { compact, expand, inspect, openCompact } from '../../../src/index.js';
import { seeded } from '../../random.js';
import { writeShards } from '../safetensors/shards.js';
import { temporaryFolder } from '../temporary-folder.js';
import { sparseTensor, unstructured } from './sparse-tensors.js';

const INDEX = 'model.safetensors.index.json';
const SHARDS = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];

async function model(t: ExecutionContext) {
  const folder = await temporaryFolder(t);
  const random = seeded(5);
  const [dense, small, expanded] = ['dense', 'small', 'expanded'].map((name) => join(folder, name));
  await mkdir(dense);
  const tensors = ['w', 'a', 'z', 'bias'].map((name) =>
    sparseTensor(name, 'BF16', name === 'bias' ? [5] : [30, 40], random, unstructured(0.9, random)),
  );
  await writeShards(dense, { [SHARDS[0]]: tensors.slice(0, 2), [SHARDS[1]]: tensors.slice(2) });
  return { folder, dense, small, expanded, tensors };
}

async function contents(folder: string): Promise<[string, string][]> {
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name) => [name, (await readFile(join(folder, name))).toString('latin1')]),
  );
}

test('a model in several files becomes a compact one with the same names, and comes back bit for bit', async (t) => {
  const { dense, small, expanded, tensors } = await model(t);
  const { files, totals } = await compact(dense, small);
  t.is(files, 2);
  t.true(totals.compactBytes < totals.denseBytes);
  t.deepEqual((await readdir(small)).sort(), [...SHARDS, INDEX]);
  // The compact model is a model in several files itself.
  await using files_ = await openModelFiles(small);
  t.true(files_.tensors.has('w.bitmask'));
  await using opened = await openCompact(join(small, INDEX));
  for (const { name, data } of tensors) {
    t.true(Buffer.from(data).equals(await opened.readBytes(name)));
  }
  const seen = await inspect(small, { gzip: false });
  t.deepEqual([seen.compact, seen.files, seen.totals.denseBytes], [true, 2, totals.denseBytes]);
  await expand(small, expanded);
  t.deepEqual(await contents(expanded), await contents(dense));
});

test('other files in the folder stay, and it may be that of the input', async (t) => {
  const { dense, small } = await model(t);
  await writeFile(join(dense, 'config.json'), '{}');
  const before = await contents(dense);
  await compact(dense, dense);
  t.deepEqual((await readdir(dense)).sort(), ['config.json', ...SHARDS, INDEX].sort());
  await expand(dense, dense);
  t.deepEqual(await contents(dense), before);
  await writeFile(small, '');
  await t.throwsAsync(compact(dense, small), { message: /needs a folder, but this is none/ });
});

test('an error in the second file leaves nothing of the first', async (t) => {
  const { folder, dense, small, expanded } = await model(t);
  await compact(dense, small);
  const path = join(small, SHARDS[1]);
  await using file = await openSafetensors(path);
  const bytes = await readFile(path);
  bytes.fill(
    255,
    file.tensors.get('z.bitmask')?.byteOffset,
    file.tensors.get('z.values')?.byteOffset,
  );
  await writeFile(path, bytes);
  const before = await contents(dense);
  await t.throwsAsync(expand(small, expanded), { message: /model-00002.*tensor "z" \(bitmask\)/ });
  await t.throwsAsync(expand(small, dense), { code: 'ERR_WOODFISHER_FORMAT' });
  t.deepEqual((await readdir(folder)).sort(), ['dense', 'small']);
  t.deepEqual(await contents(dense), before);
});

test('the dense index must be there, and name the tensors', async (t) => {
  const { dense, small, expanded } = await model(t);
  await compact(dense, small);
  const path = join(small, INDEX);
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace('woodfisher.compact.index', 'other'));
  await t.throwsAsync(expand(small, expanded), {
    message: /has "woodfisher\.compact\.index", but/,
  });
  await writeFile(path, text.replace('\\"bias\\"', '\\"bios\\"'));
  await t.throwsAsync(expand(small, expanded), { message: /"bias" of .* is not in weight_map/ });
});

test('an aborted run leaves nothing, and rejects with the reason', async (t) => {
  const { folder, dense, small } = await model(t);
  for (const phase of ['scan', 'pack']) {
    const controller = new AbortController();
    const reason = new Error('enough');
    const running = compact(dense, small, {
      signal: controller.signal,
      onProgress: (event) => {
        if (event.phase === phase && event.done > 0) controller.abort(reason);
      },
    });
    t.is(await t.throwsAsync(running), reason);
    t.deepEqual(await readdir(folder), ['dense']);
  }
});

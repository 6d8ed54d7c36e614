import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openModelFiles } from '../../../src/formats/safetensors/model-files.js';
import { writeSafetensors } from '../../../src/formats/safetensors/writer.js';
import { temporaryFolder } from '../temporary-folder.js';
import { writeShards } from './shards.js';

const INDEX = 'model.safetensors.index.json';

const tensor = (name: string, value: number) => ({
  name,
  dtype: 'F32' as const,
  shape: [3],
  data: Float32Array.of(value, value + 1, value + 2),
});

async function twoShards(t: ExecutionContext): Promise<string> {
  const folder = await temporaryFolder(t);
  await writeShards(folder, { b: [tensor('z', 0), tensor('a', 3)], a: [tensor('m', 6)] });
  return folder;
}

test('a model in several files: tensors file after file, in the order of their data', async (t) => {
  const folder = await twoShards(t);
  for (const path of [folder, join(folder, INDEX)]) {
    await using model = await openModelFiles(path);
    t.deepEqual([...model.tensors.keys()], ['m', 'z', 'a']);
    t.deepEqual(
      model.files.map(({ name }) => name),
      ['a', 'b'],
    );
    t.deepEqual([...(await model.read('a'))], [3, 4, 5]);
    t.deepEqual([...(await model.read('a', { start: 1, count: 1 }))], [4]);
    t.is((await model.readBytes('m', 4, 8)).byteLength, 4);
    const { file, byteOffset, begin, end } = model.tensors.get('a')!;
    t.deepEqual([begin, end], [12, 24]);
    const bytes = (await readFile(file.path)).subarray(byteOffset, byteOffset + end - begin);
    t.is(bytes.readFloatLE(0), 3);
    t.deepEqual(
      [...model.metadata],
      [
        ['format', 'pt'],
        ['only', 'b'],
      ],
    );
    await t.throwsAsync(model.read('q'), { code: 'ERR_WOODFISHER_MISSING' });
  }
});

test('a model in one file, and a folder that has one', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'model.safetensors');
  await writeSafetensors(path, [tensor('w', 1)]);
  for (const name of [path, folder]) {
    await using model = await openModelFiles(name);
    t.is(model.path, path);
    t.is(model.index, undefined);
    t.deepEqual(
      model.files.map(({ name }) => name),
      ['model.safetensors'],
    );
    t.deepEqual([...(await model.read('w'))], [1, 2, 3]);
  }
});

function refused(
  title: string,
  message: RegExp,
  change: (folder: string) => Promise<unknown>,
): void {
  test(`refused: ${title}`, async (t) => {
    const folder = await twoShards(t);
    await change(folder);
    const error = await t.throwsAsync(openModelFiles(folder), { code: 'ERR_WOODFISHER_FORMAT' });
    t.regex(error?.message ?? '', message);
  });
}

/** Changes the index's text. */
function index(before: string | RegExp, after: string) {
  return async (folder: string): Promise<void> => {
    const text = await readFile(join(folder, INDEX), 'utf8');
    if (text.replace(before, after) === text) throw new Error(`${before} is not in ${text}`);
    await writeFile(join(folder, INDEX), text.replace(before, after));
  };
}

refused('a file that is missing', /index\.json: its file "b" is missing/, (folder) =>
  rm(join(folder, 'b')),
);
refused('a file that is no model', /\/b: .*header/, (folder) =>
  writeFile(join(folder, 'b'), 'text text text'),
);
refused(
  'a tensor that is in no file',
  /tensor "q" is not in "a", which weight_map names/,
  index('{"m"', '{"q":"a","m"'),
);
refused(
  'a tensor that the index lacks',
  /tensor "m" of "a" is not in weight_map/,
  async (folder) => {
    await writeSafetensors(join(folder, 'b'), [tensor('z', 0), tensor('a', 3), tensor('q', 1)]);
    await index('"m"', '"q"')(folder);
  },
);
refused('a tensor in two files', /tensor "m" is in two files, "a" and "b"/, (folder) =>
  writeSafetensors(join(folder, 'b'), [tensor('m', 1), tensor('z', 0), tensor('a', 3)]),
);
refused(
  'a tensor in another file',
  /tensor "z" is in "b", but weight_map names "a"/,
  index('"z":"b"', '"z":"a"'),
);
refused(
  'a tensor twice in the index',
  /weight_map has the key "m" twice \(at byte \d+\)/,
  index('{"m"', '{"m":"a","m"'),
);
for (const name of ['../b', '/etc/passwd', '.', '..', 'x/b', 'x\\\\b', '', 'b\\u0000']) {
  refused(
    `the file name ${JSON.stringify(name)}`,
    /the file of tensor "z" must be a name without a path, but is/,
    index('"z":"b"', `"z":"${name}"`),
  );
}
refused(
  'an index without weight_map',
  /the index has no weight_map/,
  index('weight_map', 'weights'),
);
refused('an index that is no JSON', /invalid JSON/, index('{"m"', '{"m'));
refused('an index that is followed by more', /the index is followed by "x/, index(/$/, 'x'));
refused(
  'a name that is no string',
  /the file of tensor "z" must be a string/,
  index('"z":"b"', '"z":7'),
);
refused(
  'an empty folder',
  /the folder has neither model\.safetensors\.index\.json nor model\.safetensors/,
  (folder) => rm(join(folder, INDEX)),
);

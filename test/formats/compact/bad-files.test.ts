import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { expand, openCompact, WoodFisherError } from '../../../src/index.js';
import { temporaryFolder } from '../temporary-folder.js';
import { type FileParts, fileOfParts, validParts } from './parts.js';

const DESCRIPTION = 'woodfisher.compact';
const HEADER = 'woodfisher.compact.header';

/** A change to a valid file makes `expand` refuse it with this message, and leave the old output. */
function refused(title: string, message: RegExp, change: (parts: FileParts) => void): void {
  test(`refused: ${title}`, async (t) => {
    const folder = await temporaryFolder(t);
    const parts = await validParts(t);
    change(parts);
    const [input, output] = [join(folder, 'bad.safetensors'), join(folder, 'out.safetensors')];
    await writeFile(input, fileOfParts(parts));
    await writeFile(output, 'the old file');
    const error = await t.throwsAsync(expand(input, output), { instanceOf: WoodFisherError });
    t.is(error?.code, 'ERR_WOODFISHER_FORMAT');
    t.regex(error?.message ?? '', message);
    t.true(error?.message.startsWith(input));
    t.is(await readFile(output, 'utf8'), 'the old file');
    t.deepEqual((await readdir(folder)).sort(), ['bad.safetensors', 'out.safetensors']);
  });
}

function data({ tensors }: FileParts, name: string): Uint8Array {
  const found = tensors.find((tensor) => tensor.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found.data;
}

function words(parts: FileParts, name: string): Uint32Array {
  const bytes = data(parts, name);
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

function edit({ metadata }: FileParts, key: string, before: string | RegExp, after: string): void {
  const text = metadata.get(key) ?? '';
  const changed = text.replace(before, after);
  if (changed === text) throw new Error(`${before} is not in ${text}`);
  metadata.set(key, changed);
}

refused(
  'a bitmask with a one more',
  /tensor "mask" \(bitmask\): the bitmask has more ones than the \d+ stored values/,
  (parts) => {
    const mask = data(parts, 'mask.bitmask');
    const byte = mask.findIndex((bits) => bits !== 255);
    mask[byte] |= mask[byte] + 1;
  },
);
refused(
  'a bitmask with a one less',
  /tensor "mask" \(bitmask\): the bitmask has 1 ones less/,
  (parts) => {
    const mask = data(parts, 'mask.bitmask');
    const byte = mask.findIndex((bits) => bits !== 0);
    mask[byte] &= mask[byte] - 1;
  },
);
refused('a one beyond the last element', /ones beyond the last of the 65 elements/, (parts) => {
  const mask = data(parts, 'mask.bitmask');
  const byte = mask.findIndex((bits) => bits !== 0);
  mask[byte] &= mask[byte] - 1;
  mask[8] |= 0x80;
});
refused(
  'row offsets that begin elsewhere',
  /tensor "rows" \(csr\): row_offsets must begin with 0, but begin with 1/,
  (parts) => {
    words(parts, 'rows.row_offsets')[0] = 1;
  },
);
refused(
  'row offsets that descend',
  /row_offsets must ascend to \d+, the stored values, but 0 follows/,
  (parts) => {
    words(parts, 'rows.row_offsets')[3] = 0;
  },
);
refused(
  'row offsets beyond the values',
  /row_offsets must ascend to \d+.*but 4000000000 follows/,
  (parts) => {
    words(parts, 'rows.row_offsets')[2] = 4e9;
  },
);
refused(
  'row offsets that end early',
  /row_offsets must end with (\d+), the stored values, but end with/,
  (parts) => {
    const offsets = words(parts, 'rows.row_offsets');
    offsets[4] = offsets[3];
  },
);
refused(
  'a column that there is not',
  /tensor "rows" \(csr\): a row of 300 columns must have distinct indices below 300, but has 300/,
  (parts) => {
    const columns = data(parts, 'rows.columns');
    const last = words(parts, 'rows.row_offsets')[4] - 1;
    columns.set([300 & 255, 300 >> 8], 2 * last);
  },
);
refused('a column twice', /columns must ascend in a row, but (\d+) follows \1/, (parts) => {
  const columns = data(parts, 'rows.columns');
  columns.copyWithin(2, 0, 2);
});
refused(
  'an index beyond its group',
  /tensor "groups" \(1:4\): an index in a group of 2 must be below 2, but is 3/,
  (parts) => {
    // The fourth group of each row has two elements.
    const values = data(parts, 'groups.values');
    values.fill(1, 3 * 8, 4 * 8);
    data(parts, 'groups.indices')[0] |= 0b11000000;
  },
);
refused(
  'a slot without a value, but with an index',
  /a slot without a value must have index 0, but has 3/,
  (parts) => {
    data(parts, 'groups.values').fill(0, 0, 8);
    data(parts, 'groups.indices')[0] |= 0b11;
  },
);
refused(
  'a pattern of another length',
  /tensor "groups": "groups.values" must be F64 \[24,2\], but is F64 \[24,1\]/,
  (parts) => {
    edit(parts, DESCRIPTION, '"groups":"1:4"', '"groups":"2:4"');
  },
);
refused(
  'another version',
  /the version must be 1, but is 2; a newer woodfisher may read it/,
  (parts) => {
    edit(parts, DESCRIPTION, '"version":1', '"version":2,"layout":{}');
  },
);
refused('no version', /the description has no version/, (parts) => {
  edit(parts, DESCRIPTION, '"version":1,', '');
});
refused(
  'an unknown format',
  /the format of tensor "mask" must be bitmask, csr or a pattern such as 2:4, but is "coo"/,
  (parts) => {
    edit(parts, DESCRIPTION, '"bitmask"', '"coo"');
  },
);
refused('an unknown key', /the description has the unknown key "more"/, (parts) => {
  edit(parts, DESCRIPTION, '"bytes"', '"more":1,"bytes"');
});
refused(
  'a format for a tensor that there is not',
  /tensor "other" has a format, but is not in the dense file/,
  (parts) => {
    edit(parts, DESCRIPTION, '"formats":{', '"formats":{"other":"csr",');
  },
);
refused('no description', /is not a compact file/, ({ metadata }) => {
  metadata.delete(DESCRIPTION);
});
refused('no dense header', /__metadata__ has no "woodfisher.compact.header"/, ({ metadata }) => {
  metadata.delete(HEADER);
});
refused(
  'a dense header that is no JSON',
  /woodfisher\.compact\.header in __metadata__: invalid JSON/,
  (parts) => {
    edit(parts, HEADER, '"shape"', '"shape');
  },
);
refused(
  'a dense header with a larger shape',
  /woodfisher\.compact\.header in __metadata__: tensor "mask" takes 1300000 bytes/,
  (parts) => {
    edit(parts, HEADER, '[5,13]', '[50000,13]');
  },
);
refused(
  'a dense header with another shape of as many elements',
  /tensor "rows": "rows.row_offsets" must be U32 \[301\], but is U32 \[5\]/,
  (parts) => {
    edit(parts, HEADER, '[4,300]', '[300,4]');
  },
);
refused(
  'a dense file of another length',
  /woodfisher\.compact\.header in __metadata__: .*belong to no tensor|ends at .* beyond/,
  (parts) => {
    edit(parts, DESCRIPTION, /"bytes":\d+/, '"bytes":5000');
  },
);
refused(
  'other metadata than in the dense header',
  /__metadata__ must be that of/,
  ({ metadata }) => {
    metadata.set('format', 'tf');
  },
);
refused(
  'a tensor too many',
  /tensor "stray" belongs to no tensor of the dense file/,
  ({ tensors }) => {
    tensors.push({ name: 'stray', dtype: 'U8', shape: [1], data: new Uint8Array(1) });
  },
);
refused(
  'a part that is missing',
  /tensor "rows": "rows.columns" must be U16 \[\d+\], but is missing/,
  ({ tensors }) => {
    tensors.splice(
      tensors.findIndex(({ name }) => name === 'rows.columns'),
      1,
    );
  },
);
refused(
  'a part of another type',
  /tensor "mask": "mask.values" must be BF16 \[\d+\], but is F16/,
  ({ tensors }) => {
    for (const tensor of tensors) if (tensor.name === 'mask.values') tensor.dtype = 'F16';
  },
);
refused(
  'a tensor of terabytes in a file of kilobytes',
  /tensor "rows" \(csr\): it takes 4398046511104 bytes, more than 1024 times/,
  (parts) => {
    const bytes = 2 ** 42;
    const dense = `{"rows":{"dtype":"F32","shape":[4,${bytes / 16}],"data_offsets":[0,${bytes}]}}`;
    parts.metadata.clear();
    parts.metadata.set(HEADER, dense);
    parts.metadata.set(
      DESCRIPTION,
      `{"version":1,"bytes":${8 + dense.length + bytes},"formats":{"rows":"csr"}}`,
    );
    parts.tensors = parts.tensors.filter(({ name }) => name.startsWith('rows.'));
  },
);

test('what is wrong with the data of a tensor does not keep the others from being read', async (t) => {
  const path = join(await temporaryFolder(t), 'bad');
  const parts = await validParts(t);
  data(parts, 'mask.bitmask').fill(255);
  await writeFile(path, fileOfParts(parts));
  await using model = await openCompact(path);
  await t.throwsAsync(model.readBytes('mask'), { message: /tensor "mask" \(bitmask\)/ });
  t.is((await model.read('rows')).length, 1200);
  await t.throwsAsync(model.read('dense'), { message: /tensor "dense" is of I8/ });
  await t.throwsAsync(model.read('none'), { code: 'ERR_WOODFISHER_MISSING' });
});

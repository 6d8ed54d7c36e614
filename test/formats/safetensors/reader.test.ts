import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openSafetensors, type SafetensorsFile } from '../../../src/formats/safetensors/reader.js';
import { writeSafetensors } from '../../../src/formats/safetensors/writer.js';
import { temporaryFolder } from '../temporary-folder.js';
import { fileOf, headerOf } from './bytes.js';

async function fileWith(t: ExecutionContext, bytes: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(t), 'model.safetensors');
  await writeFile(path, bytes);
  return path;
}

async function opened(t: ExecutionContext, bytes: Uint8Array): Promise<SafetensorsFile> {
  const file = await openSafetensors(await fileWith(t, bytes));
  t.teardown(() => file.close());
  return file;
}

// What the reference implementation writes for these tensors, byte by byte.
const header =
  '{"__metadata__":{"format":"pt"},"f64":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"i64":{"dtype":"I64","shape":[],"data_offsets":[16,24]},"f32":{"dtype":"F32","shape":[2,1],"data_offsets":[24,32]},"bf16":{"dtype":"BF16","shape":[3],"data_offsets":[32,38]},"f16":{"dtype":"F16","shape":[3],"data_offsets":[38,44]},"bool":{"dtype":"BOOL","shape":[3],"data_offsets":[44,47]}}';
const data = Uint8Array.of(
  ...[0, 0, 0, 0, 0, 0, 0xf0, 0x3f], // f64: 1
  ...[0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0xbf], // -0.1
  ...[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], // i64: -1
  ...[0, 0, 0xc0, 0x3f, 0, 0, 0, 0x80], // f32: 1.5, -0
  ...[0xc0, 0x3f, 0x80, 0xff, 0x01, 0x00], // bf16: 1.5, -infinity, 2^-133
  ...[0x00, 0x3e, 0xff, 0x7b, 0x01, 0x80], // f16: 1.5, 65504, -2^-24
  ...[1, 0, 1], // bool
);
const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
const reference = fileOf(padded, data);

test('reads a file of the reference implementation', async (t) => {
  const file = await opened(t, reference);
  t.deepEqual([...file.tensors.keys()], ['f64', 'i64', 'f32', 'bf16', 'f16', 'bool']);
  t.is(file.metadata.get('format'), 'pt');
  t.deepEqual(await file.read('f64'), Float32Array.of(1, -0.1));
  t.deepEqual(await file.read('f32'), Float32Array.of(1.5, -0));
  t.deepEqual(await file.read('bf16'), Float32Array.of(1.5, -Infinity, 2 ** -133));
  t.deepEqual(await file.read('f16'), Float32Array.of(1.5, 65504, -(2 ** -24)));
  t.deepEqual(await file.readBytes('i64'), new Uint8Array(8).fill(255));
  t.deepEqual(await file.readBytes('bool'), Uint8Array.of(1, 0, 1));
});

test('the writer writes the same bytes', async (t) => {
  const path = await fileWith(t, new Uint8Array());
  await writeSafetensors(
    path,
    [
      { name: 'f64', dtype: 'F64', shape: [2], data: data.subarray(0, 16) },
      { name: 'i64', dtype: 'I64', shape: [], data: data.subarray(16, 24) },
      { name: 'f32', dtype: 'F32', shape: [2, 1], data: Float32Array.of(1.5, -0) },
      { name: 'bf16', dtype: 'BF16', shape: [3], data: Float32Array.of(1.5, -Infinity, 2 ** -133) },
      { name: 'f16', dtype: 'F16', shape: [3], data: Float32Array.of(1.5, 65504, -(2 ** -24)) },
      { name: 'bool', dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) },
    ],
    { metadata: [['format', 'pt']] },
  );
  t.deepEqual(new Uint8Array(await readFile(path)), reference);
});

test('any range of elements, into memory of the caller, shared or not', async (t) => {
  const file = await opened(t, reference);
  for (const name of ['f16', 'bf16', 'f64', 'f32']) {
    const all = await file.read(name);
    for (let start = 0; start <= all.length; start++) {
      t.deepEqual(await file.read(name, { start }), all.subarray(start));
      for (let count = 0; start + count <= all.length; count++) {
        const expected = all.slice(start, start + count);
        t.deepEqual(await file.read(name, { start, count }), expected);
        const into = new Float32Array(new SharedArrayBuffer(4 * count + 8), 4, count);
        t.is(await file.read(name, { start, into }), into);
        t.deepEqual([...into], [...expected]);
      }
    }
  }
});

test('any range of bytes', async (t) => {
  const file = await opened(t, reference);
  t.deepEqual(await file.readBytes('bool', 1), Uint8Array.of(0, 1));
  t.deepEqual(await file.readBytes('bool', 1, 2), Uint8Array.of(0));
  t.deepEqual(await file.readBytes('bool', 3), Uint8Array.of());
});

test('a tensor of several pieces comes back whole, also from reads at the same time', async (t) => {
  const path = join(await temporaryFolder(t), 'large.safetensors');
  const size = 3_000_001;
  const values = Float32Array.from({ length: size }, (_, i) => (i % 2047) - 1023);
  const dtypes = ['F16', 'F64', 'F32'] as const;
  const tensors = dtypes.map((dtype) => ({ name: dtype, dtype, shape: [size], data: values }));
  await writeSafetensors(path, tensors);
  const file = await openSafetensors(path);
  t.teardown(() => file.close());
  const reads = [...dtypes, ...dtypes].map((name) => file.read(name));
  for (const read of await Promise.all(reads)) {
    t.true(Buffer.from(read.buffer).equals(Buffer.from(values.buffer)));
  }
  const tail = await file.read('F16', { start: 1_000_003, count: 1_999_998 });
  t.true(tail.every((value, i) => value === values[i + 1_000_003]));
});

test('a range that the tensor does not have is refused', async (t) => {
  const file = await opened(t, reference);
  const code = 'ERR_WOODFISHER_OPTION';
  await t.throwsAsync(file.read('f32', { start: 3 }), {
    code,
    message: /start .* 0 to 2, but is 3/,
  });
  await t.throwsAsync(file.read('f32', { start: -1 }), { code, message: /start/ });
  await t.throwsAsync(file.read('f32', { start: 0.5 }), { code, message: /start/ });
  await t.throwsAsync(file.read('f32', { start: 1, count: 2 }), { code, message: /count/ });
  await t.throwsAsync(file.read('f32', { count: Number.NaN }), { code, message: /count/ });
  const into = new Float32Array(1);
  await t.throwsAsync(file.read('f32', { count: 2, into }), { code, message: /into/ });
  await t.throwsAsync(file.readBytes('f32', 9), { code, message: /start/ });
  await t.throwsAsync(file.readBytes('f32', 2, 1), { code, message: /end/ });
  await t.throwsAsync(file.readBytes('f32', 0, 9), { code, message: /end/ });
});

test('an unknown tensor is refused, and the message says what is there', async (t) => {
  const file = await opened(t, reference);
  const code = 'ERR_WOODFISHER_MISSING';
  await t.throwsAsync(file.read('w'), { code, message: /no tensor "w"; it has 6: "f64", / });
  await t.throwsAsync(file.readBytes('toString'), { code });
});

test('integers are not read as numbers', async (t) => {
  const file = await opened(t, reference);
  const code = 'ERR_WOODFISHER_FORMAT';
  await t.throwsAsync(file.read('i64'), { code, message: /tensor "i64" is of I64/ });
});

test('a file that became shorter after it was opened is an error, at the byte where it ends', async (t) => {
  const path = await fileWith(t, fileOf(headerOf(), 8));
  const file = await openSafetensors(path);
  t.teardown(() => file.close());
  await truncate(path, 8 + headerOf().length + 5);
  const error = await t.throwsAsync(file.read('w'), {
    code: 'ERR_WOODFISHER_FORMAT',
    message: /became shorter while open: 3 bytes are missing/,
  });
  t.regex(error.message, new RegExp(`at byte ${8 + headerOf().length + 5}`));
});

test('what is no safetensors file is refused when it is opened', async (t) => {
  const code = 'ERR_WOODFISHER_FORMAT';
  const folder = await temporaryFolder(t);
  const missing = join(folder, 'missing');
  const error = await t.throwsAsync(openSafetensors(missing), { code, message: /ENOENT/ });
  t.is((error.cause as NodeJS.ErrnoException).code, 'ENOENT');
  await mkdir(join(folder, 'folder'));
  await t.throwsAsync(openSafetensors(join(folder, 'folder')), { code, message: /regular file/ });
  await t.throwsAsync(openSafetensors(await fileWith(t, new Uint8Array(5))), {
    code,
    message: /has 5/,
  });
  // A ZIP archive, which is what torch.save writes.
  const zip = new TextEncoder().encode('PK\x03\x04 archive/data.pkl');
  await t.throwsAsync(openSafetensors(await fileWith(t, zip)), { code, message: /is this a/ });
});

test('closing again does nothing, and reading then is an error', async (t) => {
  const file = await opened(t, reference);
  await file.close();
  await file.close();
  await t.throwsAsync(file.read('f32'), {
    code: 'ERR_WOODFISHER_FORMAT',
    message: /cannot be read/,
  });
});

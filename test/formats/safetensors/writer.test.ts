import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { DTYPE_BYTES, type Dtype } from '../../../src/formats/dtypes.js';
import { openSafetensors } from '../../../src/formats/safetensors/reader.js';
import { type TensorSource, writeSafetensors } from '../../../src/formats/safetensors/writer.js';
import { temporaryFolder } from '../temporary-folder.js';

const code = 'ERR_WOODFISHER_OUTPUT';
const dtypes = Object.keys(DTYPE_BYTES) as Dtype[];

/** The bytes of `data` in pieces of at most `most`. */
async function* pieces(data: Uint8Array, most: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += most) yield data.subarray(at, at + most);
}

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const tensor = fc
  .record({
    name: fc.oneof(text, fc.constantFrom('__proto__', '7', '12', 'constructor')),
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.nat(4), { maxLength: 4 }),
  })
  .chain(({ name, dtype, shape }) => {
    const length = shape.reduce((product, axis) => product * axis, DTYPE_BYTES[dtype]);
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => ({ name, dtype, shape, bytes }));
  })
  .filter(({ name }) => name !== '__metadata__');

test('every dtype, name, shape and metadata survive the way through a file', async (t) => {
  const path = join(await temporaryFolder(t), 'model.safetensors');
  const property = fc.asyncProperty(
    fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 6 }),
    fc.uniqueArray(fc.tuple(text, text), { selector: ([key]) => key, maxLength: 3 }),
    fc.integer({ min: 1, max: 100 }),
    async (tensors, metadata, most) => {
      const sources = tensors.map(({ name, dtype, shape, bytes }, i): TensorSource => {
        return { name, dtype, shape, data: i % 2 === 0 ? bytes : () => pieces(bytes, most) };
      });
      await writeSafetensors(path, sources, { metadata });
      await using file = await openSafetensors(path);
      t.deepEqual([...file.metadata], metadata);
      t.deepEqual([...file.tensors.keys()].toSorted(), tensors.map(({ name }) => name).toSorted());
      for (const { name, dtype, shape, bytes } of tensors) {
        const { dtype: dtypeRead, shape: shapeRead } = file.tensors.get(name)!;
        t.deepEqual([dtypeRead, shapeRead], [dtype, shape]);
        t.deepEqual(await file.readBytes(name), bytes);
      }
    },
  );
  await t.notThrowsAsync(fc.assert(property, { numRuns: 200 }));
});

test('the order is kept, __metadata__ comes first, and the data begin at a multiple of 8', async (t) => {
  const path = join(await temporaryFolder(t), 'model.safetensors');
  const tensors = ['b', '10', '__proto__', 'a', '9'].map((name): TensorSource => {
    return { name, dtype: 'U8', shape: [1], data: Uint8Array.of(name.length) };
  });
  await writeSafetensors(path, tensors, { metadata: Object.entries({ format: 'pt' }) });
  const bytes = await readFile(path);
  const length = bytes.readUInt32LE(0);
  t.is(length % 8, 0);
  const header = bytes.toString('utf8', 8, 8 + length);
  t.true(header.startsWith('{"__metadata__":{"format":"pt"},"b":'));
  t.regex(header, /^\{.*\} *$/);
  const at = tensors.map(({ name }) => header.indexOf(`"${name}":`));
  t.deepEqual(
    at,
    at.toSorted((a, b) => a - b),
  );
  t.deepEqual([...bytes.subarray(8 + length)], [1, 2, 9, 1, 1]);
});

test('no metadata, no __metadata__; no tensors, an empty object', async (t) => {
  const path = join(await temporaryFolder(t), 'model.safetensors');
  await writeSafetensors(path, []);
  t.deepEqual(await readFile(path), Buffer.from('\x08\0\0\0\0\0\0\0{}      '));
});

test('a finite element beyond the range is refused by name and flat index', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'model.safetensors');
  await writeFile(path, 'old');
  const data = new Float32Array(700_000);
  data[600_001] = -65520;
  const error = await t.throwsAsync(
    writeSafetensors(path, [
      { name: 'ok', dtype: 'F16', shape: [3], data: Float32Array.of(Infinity, Number.NaN, 65519) },
      { name: 'layer.w', dtype: 'F16', shape: [7, 100_000], data },
    ]),
    { code, message: /"layer\.w" has -65520 at index 600001, beyond the range of F16 \(±65504\)/ },
  );
  t.like(error, { details: { parameter: 'layer.w', index: 600_001, value: -65520 } });
  t.is(await readFile(path, 'utf8'), 'old');
  t.deepEqual(await readdir(folder), ['model.safetensors']);
});

test('a source that fails leaves the old file, and nothing else', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'model.safetensors');
  await writeFile(path, 'old');
  const cause = new Error('the source is gone');
  const data = async function* () {
    yield new Uint8Array(3);
    throw cause;
  };
  const failing: TensorSource = { name: 'w', dtype: 'U8', shape: [4], data };
  const error = await t.throwsAsync(writeSafetensors(path, [failing]), {
    code,
    message: /model\.safetensors.*the source is gone/,
  });
  t.is(error.cause, cause);
  t.is(await readFile(path, 'utf8'), 'old');
  t.deepEqual(await readdir(folder), ['model.safetensors']);
});

test('a source that gives too little or too much is refused', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'model.safetensors');
  const of = (bytes: number): TensorSource => {
    return { name: 'w', dtype: 'F16', shape: [2], data: () => pieces(new Uint8Array(bytes), 3) };
  };
  await t.throwsAsync(writeSafetensors(path, [of(3)]), { code, message: /takes 4 .* gave 3$/ });
  await t.throwsAsync(writeSafetensors(path, [of(5)]), { code, message: /takes 4 .* gave more$/ });
  t.deepEqual(await readdir(folder), []);
});

const refused: [rule: string, tensors: unknown[], message: RegExp, metadata?: unknown[]][] = [
  ['two tensors of one name', [{ name: 'a' }, { name: 'a' }], /two tensors are named "a"/],
  ['a tensor named __metadata__', [{ name: '__metadata__' }], /keeps for metadata/],
  ['a name that has no UTF-8', [{ name: '\ud800' }], /well-formed Unicode/],
  ['a name that is no string', [{ name: 7 }], /well-formed Unicode/],
  ['an unknown dtype', [{ name: 'a', dtype: 'F128' }], /"a" has the unknown dtype "F128"/],
  ['a negative axis', [{ name: 'a', shape: [-1] }], /non-negative integers, but has \[-1\]/],
  ['a shape with a fraction', [{ name: 'a', shape: [0.5] }], /non-negative integers/],
  ['no shape', [{ name: 'a', shape: undefined }], /non-negative integers/],
  ['more than 32 axes', [{ name: 'a', shape: Array(33).fill(1) }], /at most 32/],
  ['a size beyond 2^53', [{ name: 'a', shape: [2 ** 30, 2 ** 30] }], /beyond 2\^53/],
  ['too few bytes', [{ name: 'a', shape: [2] }], /takes 2 bytes as U8 \[2\], but its data have 1/],
  [
    'too few elements',
    [{ name: 'a', dtype: 'F16', shape: [2], data: new Float32Array(3) }],
    /has 2 elements as \[2\], but its data have 3/,
  ],
  ['float32 as integers', [{ name: 'a', data: new Float32Array(1) }], /from float32 to U8/],
  ['other arrays', [{ name: 'a', data: new Float64Array(1) }], /must have a Float32Array/],
  [
    'metadata twice',
    [],
    /two metadata strings are named "k"/,
    [
      ['k', ''],
      ['k', ''],
    ],
  ],
  ['metadata that are no strings', [], /metadata "k" must be a string/, [['k', 1]]],
];

for (const [rule, tensors, message, metadata] of refused) {
  test(`refuses ${rule} before anything is written`, async (t) => {
    const folder = await temporaryFolder(t);
    const sources = tensors.map((members) => {
      return { dtype: 'U8', shape: [1], data: new Uint8Array(1), ...(members as object) };
    });
    const options = { metadata: metadata as [string, string][] | undefined };
    const write = writeSafetensors(
      join(folder, 'model.safetensors'),
      sources as unknown as TensorSource[],
      options,
    );
    await t.throwsAsync(write, { code, message });
    t.deepEqual(await readdir(folder), []);
  });
}

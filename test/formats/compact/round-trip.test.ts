import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { DTYPE_BYTES, type Dtype } from '../../../src/formats/dtypes.js';
import { writeSafetensors } from '../../../src/formats/safetensors/writer.js';
import { type CompactFormat, compact, expand, openCompact } from '../../../src/index.js';
import { seeded } from '../../random.js';
import { temporaryFolder } from '../temporary-folder.js';
import { type SparseTensor, sparseTensor, structured, unstructured } from './sparse-tensors.js';

const DTYPES = Object.keys(DTYPE_BYTES) as Dtype[];
const FORMATS: CompactFormat[] = ['auto', 'bitmask', 'csr', 'n:m', '2:4', '1:3', '3:7', '5:200'];

/** Scalars, no elements, one element, short last axes, and lengths around 8 and 32. */
const shapes = fc.oneof(
  fc.constantFrom<number[]>([], [0], [1], [3, 0, 2], [1, 1], [33], [8], [5, 7]),
  fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 4 }),
  fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 300 })),
);

const tensors = fc.array(
  fc.record({
    dtype: fc.constantFrom(...DTYPES),
    shape: shapes,
    sparsity: fc.constantFrom(0, 0.2, 0.5, 0.9, 0.99, 1),
    pattern: fc.option(fc.constantFrom<[number, number]>([2, 4], [1, 4], [1, 3], [4, 32])),
  }),
  { maxLength: 5 },
);

function make(
  name: string,
  {
    dtype,
    shape,
    sparsity,
    pattern,
  }: {
    dtype: Dtype;
    shape: readonly number[];
    sparsity: number;
    pattern: [number, number] | null;
  },
  random: () => number,
): SparseTensor {
  const occupied =
    pattern === null
      ? unstructured(sparsity, random)
      : structured(...pattern, shape.at(-1) ?? 1, random);
  return sparseTensor(name, dtype, shape, random, occupied);
}

test('expand gives every file back bit for bit, and openCompact every tensor', async (t) => {
  const folder = await temporaryFolder(t);
  const [input, small, output] = ['in', 'small', 'out'].map((name) => join(folder, name));
  await fc.assert(
    fc.asyncProperty(
      tensors,
      fc.constantFrom(...FORMATS),
      fc.integer(),
      async (described, format, seed) => {
        const random = seeded(seed);
        const dense = described.map((each, i) => make(`layers.${i}.weight`, each, random));
        await writeSafetensors(input, dense, {
          metadata: [
            ['format', 'pt'],
            ['', '"é\n'],
          ],
        });
        const { totals } = await compact(input, small, { format });
        const expanded = await expand(small, output);
        const before = await readFile(input);
        t.true(before.equals(await readFile(output)));
        t.is(expanded.denseBytes, before.byteLength);
        t.is(totals.compactBytes, (await readFile(small)).byteLength);

        await using model = await openCompact(small);
        t.deepEqual(
          [...model.tensors.keys()],
          dense.map(({ name }) => name),
        );
        t.deepEqual(
          [...model.metadata],
          [
            ['format', 'pt'],
            ['', '"é\n'],
          ],
        );
        for (const { name, data, dtype, shape } of dense) {
          const tensor = model.tensors.get(name);
          t.deepEqual([tensor?.dtype, tensor?.shape], [dtype, shape]);
          t.true(Buffer.from(data).equals(await model.readBytes(name)));
        }
      },
    ),
    { numRuns: 80 },
  );
});

for (const [title, shape] of [
  ['many rows', [5000, 223]],
  ['rows longer than a piece', [2, 700_001]],
  ['one long axis', [1_100_003]],
  ['rows shorter than a group', [200_000, 6]],
] as const) {
  test(`tensors of several pieces: ${title}`, async (t) => {
    const folder = await temporaryFolder(t);
    const [input, small, output] = ['in', 'small', 'out'].map((name) => join(folder, name));
    const random = seeded(shape[0]);
    const length = shape.at(-1) ?? 1;
    const dense = [
      sparseTensor('a', 'BF16', shape, random, unstructured(0.97, random)),
      sparseTensor('b', 'F64', shape, random, structured(1, 8, length, random)),
      sparseTensor('c', 'I8', shape, random, unstructured(0.6, random)),
    ];
    await writeSafetensors(input, dense);
    const used = new Set<string>();
    for (const format of ['auto', 'bitmask', 'csr', 'n:m', '1:8'] as const) {
      const { tensors } = await compact(input, small, { format });
      for (const tensor of tensors) used.add(tensor.format);
      await expand(small, output);
      t.true((await readFile(input)).equals(await readFile(output)), format);
    }
    const possible = shape.length === 1 ? ['bitmask', '1:8'] : ['bitmask', '1:8', 'csr'];
    for (const format of possible) t.true(used.has(format), format);
  });
}

test('headers that other programs write come back word for word', async (t) => {
  const folder = await temporaryFolder(t);
  const [input, small, output] = ['in', 'small', 'out'].map((name) => join(folder, name));
  const random = seeded(9);
  const { data } = sparseTensor('w', 'F32', [16, 32], random, unstructured(0.9, random));
  const header = ` {"w" : {"shape":[16,32], "dtype":"F32","data_offsets":[4,2052],"more":[1,null]},
    "__metadata__":{"format":"pt"}, "7":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},
    "__proto__":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}, "\\u00e9":{"dtype":"BOOL","shape":[1],"data_offsets":[2052,2053]}}  \n`;
  const json = Buffer.from(header.trimStart());
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.byteLength));
  const dense = Buffer.concat([length, json, Buffer.from([1, 2, 3, 4]), data, Buffer.from([1])]);
  await writeFile(input, dense);
  const { tensors } = await compact(input, small);
  t.is(tensors.find(({ name }) => name === 'w')?.format, 'bitmask');
  await expand(small, output);
  t.true(dense.equals(await readFile(output)));
});

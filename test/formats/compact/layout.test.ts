import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { COMMON_GROUPS, GroupMaxima } from '../../../src/formats/compact/group-maxima.js';
import { openSafetensors } from '../../../src/formats/safetensors/reader.js';
import { writeSafetensors } from '../../../src/formats/safetensors/writer.js';
import { type CompactFormat, compact } from '../../../src/index.js';
import { temporaryFolder } from '../temporary-folder.js';

/** The file that becomes of one U8 tensor "w", as [name, dtype, shape, bytes]. */
async function stored(
  t: ExecutionContext,
  shape: readonly number[],
  elements: readonly number[],
  format: CompactFormat,
): Promise<unknown[]> {
  const folder = await temporaryFolder(t);
  const [input, output] = [join(folder, 'in'), join(folder, 'out')];
  await writeSafetensors(input, [
    { name: 'w', dtype: 'U8', shape, data: Uint8Array.from(elements) },
  ]);
  await compact(input, output, { format });
  await using file = await openSafetensors(output);
  t.is(
    file.metadata.get('woodfisher.compact'),
    `{"version":1,"bytes":${(await stat(input)).size},"formats":{"w":"${format}"}}`,
  );
  return Promise.all(
    [...file.tensors.values()].map(async ({ name, dtype, shape }) => [
      name,
      dtype,
      shape,
      [...(await file.readBytes(name))],
    ]),
  );
}

test('bitmask: the lowest bit of the first byte is element 0', async (t) => {
  const elements = [7, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 9];
  t.deepEqual(await stored(t, [3, 4], elements, 'bitmask'), [
    ['w.bitmask', 'U8', [2], [0b00000001, 0b00001010]],
    ['w.values', 'U8', [3], [7, 8, 9]],
  ]);
});

test('csr: offsets of U32, and columns of the narrowest type', async (t) => {
  const elements = new Array(3 * 300).fill(0);
  elements[5] = 1;
  elements[299] = 2;
  elements[600] = 3;
  t.deepEqual(await stored(t, [3, 2, 150], elements, 'csr'), [
    ['w.row_offsets', 'U32', [4], [0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]],
    ['w.columns', 'U16', [3], [5, 0, 43, 1, 0, 0]],
    ['w.values', 'U8', [3], [1, 2, 3]],
  ]);
});

test('n:m: slots in ascending order, the rest 0, and a shorter last group in each row', async (t) => {
  const elements = [0, 0, 5, 0, 0, 0, 0, 6, 7, 0].concat([0, 0, 0, 0, 0, 9, 0, 0, 0, 0]);
  t.deepEqual(await stored(t, [2, 10], elements, '1:4'), [
    ['w.values', 'U8', [6, 1], [5, 6, 7, 0, 9, 0]],
    // 2, 3, 0, 0, 1, 0 in two bits each
    ['w.indices', 'U8', [2], [0b00001110, 0b0001]],
  ]);
  t.deepEqual(await stored(t, [1, 10], [0, 0, 0, 3, 4, 0, 0, 0, 0, 0], '2:5'), [
    ['w.values', 'U8', [2, 2], [3, 4, 0, 0]],
    // 3, 4, 0, 0 in three bits each
    ['w.indices', 'U8', [2], [0b00100011, 0]],
  ]);
});

test('group maxima are those of counting group by group', (t) => {
  const masks = fc.array(
    fc.tuple(fc.integer(), fc.integer(), fc.integer()).map(([a, b, c]) => a & (b | c)),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(masks, fc.boolean(), (words, sparse) => {
      const maxima = new GroupMaxima();
      const used = sparse ? words.map((word) => word & (word >>> 7) & (word << 3)) : words;
      for (const word of used) maxima.add(word);
      for (const M of COMMON_GROUPS) {
        const counts = used.flatMap((word) =>
          Array.from({ length: 32 / M }, (_, group) => {
            const bits = (BigInt(word >>> 0) >> BigInt(group * M)) & ((1n << BigInt(M)) - 1n);
            return bits.toString(2).replaceAll('0', '').length;
          }),
        );
        t.is(maxima.get(M), Math.max(0, ...counts), `M = ${M}`);
      }
    }),
    { numRuns: 2000 },
  );
});

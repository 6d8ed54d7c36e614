import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { writeSafetensors } from '../../../src/formats/safetensors/writer.js';
import { type CompactFormat, compact, inspect, type TensorSummary } from '../../../src/index.js';
import { seeded } from '../../random.js';
import { temporaryFolder } from '../temporary-folder.js';
import { type SparseTensor, sparseTensor, structured, unstructured } from './sparse-tensors.js';

async function compacted(
  t: ExecutionContext,
  tensors: readonly SparseTensor[],
  format?: CompactFormat,
) {
  const folder = await temporaryFolder(t);
  const [input, output] = [join(folder, 'in'), join(folder, 'out')];
  await writeSafetensors(input, tensors);
  const result = await compact(input, output, { format });
  return { ...result, input, output };
}

test('90 % sparse BF16 takes at most 17 % of its dense bytes', async (t) => {
  const random = seeded(1);
  const dense = [sparseTensor('w', 'BF16', [1024, 1024], random, unstructured(0.9, random))];
  const { totals } = await compacted(t, dense);
  const share = totals.compactBytes / totals.denseBytes;
  t.log(`${(100 * share).toFixed(2)} %`);
  t.true(share <= 0.17);
});

test('auto takes the smallest of what each format alone makes of a tensor', async (t) => {
  const random = seeded(2);
  const dense = [
    sparseTensor('half', 'BF16', [128, 256], random, unstructured(0.5, random)),
    sparseTensor('little', 'F32', [128, 256], random, unstructured(0.985, random)),
    sparseTensor('pattern', 'BF16', [128, 256], random, structured(1, 4, 256, random)),
    sparseTensor('full', 'F16', [128, 256], random, () => true),
    sparseTensor('nothing', 'F16', [128, 256], random, () => false),
    sparseTensor('bias', 'F32', [9], random, () => true),
  ];
  const auto = (await compacted(t, dense)).tensors;
  const alone: TensorSummary[][] = [];
  for (const format of ['bitmask', 'csr', 'n:m'] as const) {
    alone.push((await compacted(t, dense, format)).tensors);
  }
  for (const [i, { compactBytes }] of auto.entries()) {
    t.is(compactBytes, Math.min(...alone.map((tensors) => tensors[i].compactBytes)));
  }
  const formats = auto.map(({ name, format, reason }) => [name, format, reason]);
  t.deepEqual(formats, [
    ['half', 'bitmask', undefined],
    ['little', 'csr', undefined],
    ['pattern', '1:4', undefined],
    ['full', 'dense', 'no smaller'],
    ['nothing', 'csr', undefined],
    ['bias', 'dense', 'no smaller'],
  ]);
});

test('what a format does not fit stays dense, with the reason', async (t) => {
  const random = seeded(3);
  const dense = [
    sparseTensor('axis', 'F32', [300], random, unstructured(0.9, random)),
    sparseTensor('dots', 'F32', [3, 100], random, unstructured(0.5, random)),
    sparseTensor('dots.bitmask', 'U8', [2], random, () => true),
  ];
  const reasons = async (format: CompactFormat) =>
    (await compacted(t, dense, format)).tensors.map(({ reason }) => reason);
  t.is((await reasons('csr'))[0], 'csr is for two or more axes');
  t.regex((await reasons('1:16'))[1] ?? '', /^a group of 16 has \d+ elements that are not \+0\.0$/);
  t.deepEqual(await reasons('bitmask'), [
    undefined,
    'a tensor is named "dots.bitmask"',
    'no smaller',
  ]);
});

test('inspect tells of a dense file what compact makes of it, to the byte, and of a compact one the same', async (t) => {
  const random = seeded(4);
  const dense = [
    sparseTensor('a', 'BF16', [64, 300], random, unstructured(0.8, random)),
    sparseTensor('b', 'F64', [10, 3], random, () => true),
    { ...sparseTensor('c', 'F32', [4], random, () => false) },
  ];
  new DataView(dense[2].data.buffer).setFloat32(4, -0, true); // a value, not a zero
  const { tensors, totals, input, output } = await compacted(t, dense);
  const before = await inspect(input);
  const after = await inspect(output);
  t.deepEqual([before.compact, after.compact], [false, true]);
  t.deepEqual(before.tensors, tensors);
  const gzipBytes = gzipSync(await readFile(input), { level: 6 }).byteLength;
  t.deepEqual(before.totals, { ...totals, gzipBytes: before.totals.gzipBytes });
  t.deepEqual(after.totals, before.totals);
  t.true(Math.abs((before.totals.gzipBytes ?? 0) - gzipBytes) < 100);
  t.is(before.tensors[2].zeros, 3);
  t.deepEqual(
    after.tensors.map(({ name, zeros, format, compactBytes }) => [
      name,
      zeros,
      format,
      compactBytes,
    ]),
    tensors.map(({ name, zeros, format, compactBytes }) => [name, zeros, format, compactBytes]),
  );
  t.is((await inspect(input, { gzip: false })).totals.gzipBytes, null);
});

import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { pythonWith } from '../../../bench/python.js';
import { writeSafetensors } from '../../../src/formats/safetensors/writer.js';
import { compact } from '../../../src/index.js';
import { seeded } from '../../random.js';
import { temporaryFolder } from '../temporary-folder.js';
import { sparseTensor, structured, unstructured } from './sparse-tensors.js';

const run = promisify(execFile);

const python = await pythonWith('numpy');
if (python === undefined) {
  console.error(
    '# skipped: the Python reader, which needs NumPy (Debian: apt-get install python3-numpy)',
  );
}
const withNumpy = python === undefined ? test.skip : test;

/** Writes the bytes of each tensor beside the file. */
const MAIN = `
import sys
for i, (name, array) in enumerate(read(sys.argv[1]).items()):
    open(f'{sys.argv[1]}.{i}', 'wb').write(array.tobytes())
    print(name, *array.shape)
`;

withNumpy('the Python of docs/formats.md reads every layout and dtype bit for bit', async (t) => {
  const docs = await readFile(new URL('../../../../docs/formats.md', import.meta.url), 'utf8');
  const code = docs.match(/<!-- python-reader begins -->\s*```python\n(.*?)```/s)?.[1] ?? '';
  t.true(code.includes('def read('));
  const folder = await temporaryFolder(t);
  const script = join(folder, 'reader.py');
  await writeFile(script, code + MAIN);

  const random = seeded(12);
  const tensors = [
    sparseTensor('mask', 'F32', [7, 3, 11], random, unstructured(0.7, random)),
    sparseTensor('rows', 'F64', [5, 3, 100], random, unstructured(0.99, random)),
    sparseTensor('wide rows', 'F16', [3, 70_000], random, unstructured(0.999, random)),
    sparseTensor('narrow rows', 'I64', [40, 200], random, unstructured(0.99, random)),
    sparseTensor('groups', 'BF16', [6, 4, 23], random, (i) => ((i % 92) % 23) % 4 === 2),
    sparseTensor('whole groups', 'F16', [16, 32], random, structured(1, 8, 32, random)),
    sparseTensor('bytes', 'F8_E4M3', [50, 50], random, unstructured(0.8, random)),
    sparseTensor('dense', 'BOOL', [3], random, () => true),
    sparseTensor('scalar', 'U32', [], random, () => true),
  ];
  const formats = ['auto', 'bitmask', 'n:m', '3:7'] as const;
  for (const [k, format] of formats.entries()) {
    const [input, output] = [join(folder, 'in'), join(folder, `out-${k}`)];
    await writeSafetensors(input, tensors);
    const result = await compact(input, output, { format });
    if (format === 'auto') {
      const used = new Set(result.tensors.map((tensor) => tensor.format));
      t.true(
        ['bitmask', 'csr', '1:4', 'dense'].every((name) => used.has(name)),
        [...used].join(),
      );
    }
    const { stdout } = await run(python ?? '', [script, output]);
    const lines = tensors.map(({ name, shape }) => [name, ...shape].join(' '));
    t.deepEqual(stdout.trim().split('\n'), lines);
    for (const [i, { name, data }] of tensors.entries()) {
      t.true(Buffer.from(data).equals(await readFile(`${output}.${i}`)), `${name} ${format}`);
    }
  }
});

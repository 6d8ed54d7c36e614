import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readTablePlace, writeTables } from '../../../bench/quality/docs-table.js';
import { temporaryFolder } from '../../formats/temporary-folder.js';
import { exampleCase, exampleResult } from './example-result.js';

const result = exampleResult([
  exampleCase({ sparsity: 0.9, tables: ['sparsities'], mean: 0.9801, sd: 0.0012, seconds: 1 }),
  exampleCase({}),
  exampleCase({ samples: 100, tables: ['samples'], mean: 0.5, seconds: 4 }),
  exampleCase({ method: 'magnitude', samples: null, tables: ['sparsities'], seconds: 0.01 }),
]);

test('tables take the place of those that were there, and of nothing else', async (t) => {
  const path = join(await temporaryFolder(t), 'methods.md');
  await writeFile(path, 'before\n<!-- bench:quality -->\nold\n<!-- /bench:quality -->\nbehind\n');
  await writeTables(path, result);
  const text = await readFile(path, 'utf8');
  t.is(
    text,
    `before
<!-- bench:quality -->
Test images that are right, %, mean ± standard deviation of 2 seeds; \`seconds\` is the mean time of a run.

**mnist, lenet-300-100, dense 98.20 ± 0.28, N = 1000**

| method | 90 % | 95 % | seconds |
| --- | ---: | ---: | ---: |
| joint | 98.01 ± 0.12 | 97.00 ± 1.41 | 1.5 |
| magnitude |  | 97.00 ± 1.41 | 0.010 |

**mnist, lenet-300-100, dense 98.20 ± 0.28, 95 % pruned**

| method | N = 100 | N = 1000 | seconds |
| --- | ---: | ---: | ---: |
| joint | 50.00 ± 1.41 | 97.00 ± 1.41 | 3.0 |
<!-- /bench:quality -->
behind
`,
  );
  await writeTables(path, result);
  t.is(await readFile(path, 'utf8'), text);
});

test('a file without a place for tables is refused, before anything is run', async (t) => {
  const path = join(await temporaryFolder(t), 'methods.md');
  await writeFile(path, '<!-- /bench:quality -->\n<!-- bench:quality -->\n');
  await t.throwsAsync(readTablePlace(path), { instanceOf: RangeError, message: /--table must be/ });
});

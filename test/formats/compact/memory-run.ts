// Compacts and expands a model of the given number of megabytes, and prints the peak of the resident
// memory in MB. A process of its own for each size.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '../../../src/formats/safetensors/writer.js';
import { compact, expand } from '../../../src/index.js';
import { seeded } from '../../random.js';

const megabytes = Number(process.argv[2]);
const piece = new Uint8Array(2 ** 20);
const random = seeded(1);
for (let i = 0; i < piece.length; i++) piece[i] = random() < 0.1 ? 1 + 255 * random() : 0;

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < megabytes; i++) yield piece;
}

const folder = await mkdtemp(join(tmpdir(), 'woodfisher-'));
try {
  const [dense, small, again] = ['dense', 'small', 'again'].map((name) => join(folder, name));
  const shape = [megabytes, 2 ** 18];
  await writeSafetensors(dense, [{ name: 'w', dtype: 'F32', shape, data: pieces }]);
  for (const format of ['auto', 'bitmask'] as const) {
    await compact(dense, small, { format });
    await expand(small, again);
  }
  const peak = process.resourceUsage().maxRSS / 1024;
  if (!(await readFile(dense)).equals(await readFile(again))) throw new Error('not the same');
  console.log(peak);
} finally {
  await rm(folder, { recursive: true });
}

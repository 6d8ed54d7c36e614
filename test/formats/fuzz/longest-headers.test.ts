import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { temporaryFolder } from '../temporary-folder.js';
import { WORST_HEADERS } from './worst-headers.js';

/** Bytes that a bad file takes at most. */
const MOST_MEMORY = 100e6;

test('the longest headers take less than 100 MB more than an empty one', async (t) => {
  t.timeout(300_000);
  const path = join(await temporaryFolder(t), 'x.safetensors');
  const program = fileURLToPath(new URL('./inspect-peak.js', import.meta.url));
  const peakOf = async (header: string): Promise<number> => {
    const text = Buffer.from(header);
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(text.length));
    await writeFile(path, Buffer.concat([prefix, text]));
    const { stdout } = await promisify(execFile)(process.execPath, [program, path]);
    return Number(stdout);
  };
  const empty = await peakOf('{}');
  for (const [what, header] of Object.entries(WORST_HEADERS)) {
    const more = (await peakOf(header())) - empty;
    t.log(`${what}: ${Math.round(more / 1e6)} MB`);
    t.true(more < MOST_MEMORY, `${what}: ${more}`);
  }
});

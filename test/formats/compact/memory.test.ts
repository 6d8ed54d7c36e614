import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

const PROGRAM = fileURLToPath(new URL('memory-run.js', import.meta.url));

async function peakMegabytes(model: number): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, String(model)]);
  return Number(stdout);
}

test('memory does not grow with the model: less than 64 MB beside what a model of 1 MB takes', async (t) => {
  const small = await peakMegabytes(1);
  const large = await peakMegabytes(256);
  t.log(`${small.toFixed(0)} MB for 1 MB, ${large.toFixed(0)} MB for 256 MB`);
  t.true(large - small < 64);
});

import { execFile, spawn } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { readWhole } from '../../src/formats/read-whole.js';
import { temporaryFolder } from './temporary-folder.js';

const refused = (message: RegExp) => ({ code: 'ERR_WOODFISHER_FORMAT', message });
const onPipes = process.platform === 'win32' ? test.skip : test;

async function pipe(t: ExecutionContext): Promise<string> {
  const path = join(await temporaryFolder(t), 'pipe');
  await promisify(execFile)('mkfifo', [path]);
  return path;
}

/** Runs a shell that writes to a pipe, until the test ends. */
function write(t: ExecutionContext, path: string, script: string): void {
  const child = spawn('sh', ['-c', `exec > "$0"; ${script}`, path], { stdio: 'ignore' });
  t.teardown(() => child.kill('SIGKILL'));
}

test('a file is read to its end, up to the limit, and an empty one too', async (t) => {
  const path = join(await temporaryFolder(t), 'file');
  for (const length of [0, 1, 999, 1000]) {
    await writeFile(path, 'x'.repeat(length));
    t.is(Buffer.from(await readWhole(path, 'words', 1000)).toString(), 'x'.repeat(length));
  }
  await writeFile(path, 'x'.repeat(1001));
  await t.throwsAsync(
    readWhole(path, 'words', 1000),
    refused(/file: words must have at most 1000 bytes, but this file has 1001$/),
  );
});

test('a file that is too large is refused before it is read', async (t) => {
  const path = join(await temporaryFolder(t), 'file');
  {
    await using handle = await open(path, 'w');
    await handle.truncate(2 ** 36);
  }
  const before = process.memoryUsage.rss();
  await t.throwsAsync(readWhole(path, 'words', 1000), refused(/but this file has 68719476736$/));
  t.true(process.memoryUsage.rss() - before < 10e6);
});

test('what cannot be read is told with the reason', async (t) => {
  const folder = await temporaryFolder(t);
  await t.throwsAsync(readWhole(folder, 'words', 10), refused(/cannot be read: EISDIR/));
  const missing = readWhole(join(folder, 'missing'), 'words', 10);
  await t.throwsAsync(missing, refused(/missing: cannot be read: ENOENT/));
});

onPipes('a pipe is read to its end, however it comes', async (t) => {
  const path = await pipe(t);
  write(t, path, 'sleep 0.2; printf ab; sleep 0.2; head -c 200000 /dev/zero; sleep 0.1; printf c');
  const bytes = Buffer.from(await readWhole(path, 'words', 300_000));
  t.is(bytes.length, 200_003);
  t.is(bytes.toString('latin1').replaceAll('\0', ''), 'abc');
});

onPipes('a pipe without end is refused at the limit', async (t) => {
  const path = await pipe(t);
  write(t, path, 'cat /dev/zero');
  const reading = readWhole(path, 'words', 100_000);
  await t.throwsAsync(reading, refused(/must have at most 100000 bytes, but .* at least 100001$/));
});

onPipes('a pipe that nobody writes to is refused, not waited for', async (t) => {
  const reading = readWhole(await pipe(t), 'words', 1000);
  await t.throwsAsync(reading, refused(/cannot be read: nobody writes to this pipe$/));
});

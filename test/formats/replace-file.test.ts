import { lstat, mkdir, open, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { WoodFisherError } from '../../src/errors.js';
import { replaceFile } from '../../src/formats/replace-file.js';
import { temporaryFolder } from './temporary-folder.js';

const posix = process.platform === 'win32' ? test.skip : test;

test('creates a file', async (t) => {
  const folder = await temporaryFolder(t);
  await replaceFile(join(folder, 'a.json'), (handle) => handle.writeFile('{}'));
  t.is(await readFile(join(folder, 'a.json'), 'utf8'), '{}');
  t.deepEqual(await readdir(folder), ['a.json']);
});

test('the old content stands until all of the new is written', async (t) => {
  const path = join(await temporaryFolder(t), 'a.json');
  await writeFile(path, 'old');
  await replaceFile(path, async (handle) => {
    await handle.writeFile('new');
    t.is(await readFile(path, 'utf8'), 'old');
  });
  t.is(await readFile(path, 'utf8'), 'new');
});

test('the temporary file lies beside the target and carries the process id', async (t) => {
  const folder = await temporaryFolder(t);
  await replaceFile(join(folder, 'a.json'), async () => {
    const names = await readdir(folder);
    t.is(names.length, 1);
    t.regex(names[0], new RegExp(`^\\.woodfisher-${process.pid}-[0-9a-f]{12}\\.tmp$`));
  });
});

test('a failure leaves the old file, and nothing else', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'a.json');
  await writeFile(path, 'old');
  const cause = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    code: 'ENOSPC',
  });
  const error = await t.throwsAsync(
    replaceFile(path, async (handle) => {
      await handle.writeFile('half of the n');
      throw cause;
    }),
    { instanceOf: WoodFisherError, code: 'ERR_WOODFISHER_OUTPUT', message: /a\.json.*ENOSPC/ },
  );
  t.is(error.cause, cause);
  t.is(await readFile(path, 'utf8'), 'old');
  t.deepEqual(await readdir(folder), ['a.json']);
});

test('a folder that is not there is an error with its cause', async (t) => {
  const path = join(await temporaryFolder(t), 'missing', 'a.json');
  const error = await t.throwsAsync(
    replaceFile(path, async () => t.fail()),
    {
      code: 'ERR_WOODFISHER_OUTPUT',
      message: /ENOENT/,
    },
  );
  t.is((error.cause as NodeJS.ErrnoException).code, 'ENOENT');
});

test('a folder in place of the file is refused before anything is written', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'a.json'));
  await t.throwsAsync(
    replaceFile(join(folder, 'a.json'), async () => t.fail()),
    { code: 'ERR_WOODFISHER_OUTPUT', message: /regular file/ },
  );
  t.deepEqual(await readdir(folder), ['a.json']);
});

// The superuser may write everywhere.
(process.getuid?.() === 0 ? test.skip : posix)('an unwritable folder is an error', async (t) => {
  const folder = await temporaryFolder(t);
  const handle = await open(folder, 'r');
  await handle.chmod(0o555);
  await t.throwsAsync(
    replaceFile(join(folder, 'a.json'), async () => t.fail()),
    { code: 'ERR_WOODFISHER_OUTPUT', message: /EACCES/ },
  );
  await handle.chmod(0o755);
  await handle.close();
});

posix('the permissions of the old file are kept, whatever the umask', async (t) => {
  const path = join(await temporaryFolder(t), 'a.json');
  for (const mode of [0o600, 0o666, 0o640, 0o777]) {
    await writeFile(path, 'old');
    const handle = await open(path, 'r+');
    await handle.chmod(mode);
    await handle.close();
    await replaceFile(path, (handle) => handle.writeFile('new'));
    t.is((await stat(path)).mode & 0o777, mode);
  }
});

posix('a symbolic link stays one, and what it points to is replaced', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'store'));
  await writeFile(join(folder, 'store', 'blob'), 'old');
  await symlink(join('store', 'blob'), join(folder, 'a.json'));
  await replaceFile(join(folder, 'a.json'), (handle) => handle.writeFile('new'));
  t.true((await lstat(join(folder, 'a.json'))).isSymbolicLink());
  t.is(await readFile(join(folder, 'store', 'blob'), 'utf8'), 'new');
  t.deepEqual(await readdir(join(folder, 'store')), ['blob']);
});

test('of writers at the same time one wins, with all of its content', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'a.json');
  const contents = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100_000));
  await Promise.all(contents.map((text) => replaceFile(path, (handle) => handle.writeFile(text))));
  t.true(contents.includes(await readFile(path, 'utf8')));
  t.deepEqual(await readdir(folder), ['a.json']);
});

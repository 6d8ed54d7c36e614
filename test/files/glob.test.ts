import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { expandGlob } from '../../src/files/glob.js';
import { temporaryFolder } from '../formats/temporary-folder.js';

test('stars and question marks stand for the files there are, sorted', async (t) => {
  const folder = await temporaryFolder(t);
  for (const name of ['run1', 'run2']) await mkdir(join(folder, name));
  const names = ['g10.st', 'g2.st', '.g3.st', 'g+x.st'];
  for (const name of names) await writeFile(join(folder, 'run1', name), '');
  await writeFile(join(folder, 'run2', 'g1.st'), '');
  const expand = async (pattern: string): Promise<string[]> => {
    const found = await expandGlob(join(folder, pattern));
    return found.map((path) => path.slice(folder.length + 1));
  };
  t.deepEqual(await expand('run1/g*.st'), ['run1/g+x.st', 'run1/g10.st', 'run1/g2.st']);
  t.deepEqual(await expand('run1/g?.st'), ['run1/g2.st']);
  t.deepEqual(await expand('run1/g+?.st'), ['run1/g+x.st']);
  t.deepEqual(await expand('run?/g1*.st'), ['run1/g10.st', 'run2/g1.st']);
  t.deepEqual(await expand('run1/not there'), ['run1/not there'], 'without either it is a path');
  await t.throwsAsync(expand('run1/h*'), { message: /h\*: no file matches/ });
});

import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { StagedOutputs } from '../../src/files/staged-outputs.js';
import { SlabRecords } from '../../src/slabs/slab-records.js';
import { removeUnfinished, unfinishedIn } from '../../src/slabs/unfinished-outputs.js';
import { temporaryFolder } from '../formats/temporary-folder.js';

const write = (path: string): Promise<void> => writeFile(path, 'half of it');

test('outputs that a killed run was writing are removed by the one that goes on', async (t) => {
  const [work, out] = [await temporaryFolder(t), await temporaryFolder(t)];
  const records = new SlabRecords(work, { durable: true });
  const killed = new StagedOutputs(unfinishedIn(records));
  await killed.stage(join(out, 'a.safetensors'), write);
  await killed.stage(join(out, 'b.safetensors'), write);
  t.is((await readdir(out)).length, 2);
  await removeUnfinished(records);
  t.deepEqual(await readdir(out), []);
});

test('outputs that were put in their places stay', async (t) => {
  const [work, out] = [await temporaryFolder(t), await temporaryFolder(t)];
  const records = new SlabRecords(work, { durable: true });
  await using outputs = new StagedOutputs(unfinishedIn(records));
  await outputs.stage(join(out, 'a.safetensors'), write);
  await outputs.commit();
  await removeUnfinished(records);
  t.deepEqual(await readdir(out), ['a.safetensors']);
});

test('without a work directory nothing is written down', async (t) => {
  const [work, out] = [await temporaryFolder(t), await temporaryFolder(t)];
  const records = new SlabRecords(join(work, 'not there'), { durable: false });
  await using outputs = new StagedOutputs(unfinishedIn(records));
  await outputs.stage(join(out, 'a.safetensors'), write);
  await outputs.commit();
  t.deepEqual(await readdir(work), []);
});

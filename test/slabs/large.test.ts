import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { differingLayers } from '../../bench/large/differing-layers.js';
import { hashesOf, killAgainAndAgain } from '../../bench/large/kills.js';
import { runCommand, startWork } from '../../bench/large/run-command.js';
import { type SyntheticSettings, writeSynthetic } from '../../bench/large/synthetic-model.js';
import { ENGINES } from '../engines.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { seeded } from '../random.js';

/** Writes a model, and gives the flags to prune it. */
async function pruning(folder: string, settings: SyntheticSettings): Promise<string[]> {
  const { weights, gradients } = await writeSynthetic(folder, settings);
  const files = ['--weights', weights, ...gradients.flatMap((path) => ['--gradients', path])];
  return ['prune', ...files, '--sparsity', '0.8', '--block-size', '50', '--solver', 'gram'];
}

const withAddon = ENGINES.includes('native') ? test : test.skip;

withAddon('memory does not grow with the model', async (t) => {
  const peaks: number[] = [];
  for (const layers of [3, 12]) {
    const folder = join(await temporaryFolder(t), `${layers}`);
    const flags = await pruning(folder, { layers, shape: [500, 1000], samples: 2 });
    const limits = ['--memory', '64MiB', '--threads', '2'];
    const { peakBytes } = await runCommand([...flags, ...limits, '--out', join(folder, 'out')]);
    peaks.push(peakBytes / 1e6);
    await rm(folder, { recursive: true });
  }
  const [small, large] = peaks;
  t.log(`${Math.round(small)} MB at 1.5 million weights, ${Math.round(large)} MB at 6 million`);
  t.true(large < 1.25 * small);
});

withAddon('killed at random moments: the same files in the end', async (t) => {
  const folder = await temporaryFolder(t);
  const flags = await pruning(folder, { layers: 6, shape: [200, 500], samples: 32 });
  const [whole, out, work] = ['whole', 'out', 'work'].map((name) => join(folder, name));
  const limited = [...flags, '--memory', '24MB', '--threads', '2'];
  const { seconds } = await runCommand([...limited, '--out', whole]);
  const { kills, hashes } = await killAgainAndAgain(
    [...limited, '--work-dir', work, '--out', out],
    { work, out },
    { kills: 5, usual: seconds },
    seeded(12),
  );
  t.log(`killed ${kills} times`);
  t.true(kills > 0);
  t.deepEqual(hashes, await hashesOf(whole));
});

withAddon('each layer becomes what it becomes alone', async (t) => {
  const folder = await temporaryFolder(t);
  const shape = [40, 50] as const;
  const limits = ['--memory', '13MB', '--threads', '2'];
  const [flags, alone] = await Promise.all(
    [9, 1].map((layers) => pruning(join(folder, `${layers}`), { layers, shape, samples: 8 })),
  );
  const [many, one] = ['many', 'one'].map((name) => join(folder, name));
  await runCommand([...flags, ...limits, '--out', many]);
  await runCommand([...alone, '--out', one]);
  t.deepEqual(await differingLayers(many, one), []);
  t.true((await differingLayers(many, join(folder, '1/model'))).length > 0);
});

withAddon('a model of 100 GB begins at once: nothing but headers is read', async (t) => {
  const folder = await temporaryFolder(t);
  const flags = await pruning(folder, {
    ...{ layers: 745, shape: [8192, 8192], samples: 64, sparse: true },
  });
  const files = [...flags.slice(1), '--memory', '2GiB'];
  const { events, cpuSeconds, peakBytes } = await runCommand(['plan', ...files]);
  t.is(events.at(-1)?.weights, 745 * 8192 ** 2);
  t.log(`planned in ${cpuSeconds} s of processor time, ${Math.round(peakBytes / 1e6)} MB`);
  t.true(cpuSeconds < 4, `${cpuSeconds}`);

  const { begins, running } = startWork([
    ...flags,
    '--memory',
    '2GiB',
    '--out',
    join(folder, 'out'),
  ]);
  t.log(`first progress of prune after ${(await begins).toFixed(1)} s`);
  running.kill();
  await t.throwsAsync(running.ended);
});

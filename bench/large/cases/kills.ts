import { join } from 'node:path';
import { median } from '../../median.js';
import { hashesOf, killAgainAndAgain } from '../kills.js';
import { runCommand } from '../run-command.js';
import { type LargeSettings, pruningOf } from '../settings.js';

/** Kills a run of 20 million weights, 64 samples, at random moments; the outputs must be the same. */
export async function measureKills(
  folder: string,
  { memory, kills }: LargeSettings,
): Promise<Record<string, number>> {
  const { flags } = await pruningOf(folder, { layers: 40, shape: [500, 1000], samples: 64 });
  const [whole, out, work] = ['whole', 'out', 'work'].map((name) => join(folder, name));
  const limited = [...flags, '--memory', memory];
  const { seconds } = await runCommand([...limited, '--out', whole]);
  const killed = await killAgainAndAgain(
    [...limited, '--work-dir', work, '--out', out],
    { work, out },
    { kills, usual: seconds },
    Math.random,
  );
  if (JSON.stringify(killed.hashes) !== JSON.stringify(await hashesOf(whole))) {
    throw new Error('the outputs of the run that was killed are others');
  }
  return {
    kills: killed.kills,
    'seconds lost, at most': Math.max(...killed.lost),
    'seconds lost, median': median(killed.lost),
  };
}

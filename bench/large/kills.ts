import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { runCommand, startWork } from './run-command.js';

/** What became of a run that was killed again and again. */
export interface KilledRun {
  /** How often it was. */
  kills: number;
  /** Seconds from the last record, or the start of work, to the kill: what was done again, at most. */
  lost: number[];
  /** Of the files that the last run, which nobody killed, has written. */
  hashes: Record<string, string>;
}

/**
 * Starts a command and kills it (SIGKILL) at a random moment of its work, `kills` times; then lets it end.
 *
 * @param args With `--work-dir work` and `--out out`.
 * @param usual Seconds that it takes when nobody kills it.
 */
export async function killAgainAndAgain(
  args: readonly string[],
  { work, out }: { work: string; out: string },
  { kills, usual }: { kills: number; usual: number },
  random: () => number,
): Promise<KilledRun> {
  const lost: number[] = [];
  for (let k = 0; k < kills; k++) {
    const { begins, running } = startWork(args);
    const ended = running.ended.then(
      () => true,
      () => false,
    );
    await Promise.race([begins, ended]);
    const begun = Date.now();
    // Short enough that what is left lasts for the kills to come.
    const moment = (1.5 * random() * usual) / kills;
    if (await Promise.race([ended, setTimeout(1000 * moment, false)])) break;
    const killed = Date.now();
    running.kill();
    await ended;
    lost.push((killed - Math.max(begun, await lastRecord(work))) / 1000);
  }
  await runCommand(args);
  return { kills: lost.length, lost, hashes: await hashesOf(out) };
}

/** When something was recorded last, in ms; 0 where nothing was. */
async function lastRecord(work: string): Promise<number> {
  const names = await readdir(work).catch(() => []);
  const times = names
    .filter((name) => /^(sums|score|apply|cuts)(-\d+)?\.json$/.test(name))
    .map(async (name) => (await stat(join(work, name))).mtimeMs);
  return Math.max(0, ...(await Promise.all(times)));
}

/** SHA-256 of each file of a folder. */
export async function hashesOf(folder: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const name of (await readdir(folder)).sort()) {
    const hash = createHash('sha256');
    for await (const piece of createReadStream(join(folder, name))) hash.update(piece);
    hashes[name] = hash.digest('hex');
  }
  return hashes;
}

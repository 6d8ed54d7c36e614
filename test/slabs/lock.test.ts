import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { takeLock } from '../../src/slabs/lock.js';
import { temporaryFolder } from '../formats/temporary-folder.js';

const TAKER = fileURLToPath(new URL('./lock-taker.js', import.meta.url));

interface Taker {
  child: ChildProcess;
  says: string;
}

/** A process that takes the lock, or is refused. */
async function takerOf(lock: string): Promise<Taker> {
  const child = spawn(process.execPath, [TAKER, lock], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [data] = await once(child.stdout, 'data');
  return { child, says: String(data).trim() };
}

async function end({ child }: Taker): Promise<void> {
  const closed = once(child, 'close');
  child.stdin?.end();
  await closed;
}

test('of several processes that find the lock of a dead one, one takes it', async (t) => {
  const folder = await temporaryFolder(t);
  const lock = join(folder, 'lock');
  const dead = { pid: 2 ** 22 + 1, host: hostname() };
  for (const left of [JSON.stringify(dead), '{"pid":', '', undefined]) {
    if (left !== undefined) await writeFile(lock, left);
    const takers = await Promise.all([1, 2, 3, 4].map(() => takerOf(lock)));
    const winners = takers.filter(({ says }) => says === 'taken');
    t.is(winners.length, 1, takers.map(({ says }) => says).join('; '));
    const { pid } = winners[0].child;
    for (const { says } of takers.filter((taker) => taker !== winners[0])) {
      t.regex(says, new RegExp(`^workDir is in use by process ${pid};`));
    }
    await Promise.all(takers.map(end));
    t.deepEqual(await readdir(folder), [], 'nothing is left');
  }
});

test('a lock of a process that was killed is taken over, one of a living process is not', async (t) => {
  const lock = join(await temporaryFolder(t), 'lock');
  const taker = await takerOf(lock);
  t.is(taker.says, 'taken');
  const message = `workDir is in use by process ${taker.child.pid}; wait for it, or use another folder`;
  await t.throwsAsync(takeLock(lock), { message, code: 'ERR_WOODFISHER_STATE' });
  const closed = once(taker.child, 'close');
  taker.child.kill('SIGKILL');
  await closed;
  const next = await takerOf(lock);
  t.is(next.says, 'taken');
  await end(next);
});

test('of a process of another machine nothing can be known, and the message says what to do', async (t) => {
  const lock = join(await temporaryFolder(t), 'lock');
  await writeFile(lock, JSON.stringify({ pid: process.pid, host: 'elsewhere' }));
  const message = `workDir is in use by process ${process.pid} on elsewhere; wait for it, or use another folder; if that run is over, remove ${lock}`;
  await t.throwsAsync(takeLock(lock), { message });
});

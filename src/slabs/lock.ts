import { readFileSync } from 'node:fs';
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { WoodFisherError } from '../errors.js';
import { temporaryName } from '../formats/temporary-name.js';

/** Who works in a folder. */
interface Holder {
  pid: number;
  host: string;
  /** Of the system, since it was started. */
  boot: string;
  /** Of the process, in ticks since then: numbers of processes are used again. */
  started: string;
}

/**
 * Takes a folder for this process. What a process that is no longer there has left is taken over.
 *
 * @returns What gives it back.
 * @throws WoodFisherError `ERR_WOODFISHER_STATE` while another process works in it.
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  const own = temporaryName(path);
  await writeFile(own, JSON.stringify(thisProcess()));
  try {
    while (!(await placed(own, path))) await removeLeft(path);
  } finally {
    await unlink(own);
  }
  return () => unlink(path).catch(() => undefined);
}

/** Gives a file a second name where that is free: the lock is there as a whole or not at all. */
async function placed(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Removes the lock of a process that is no longer there. */
async function removeLeft(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(unlessGone);
  if (text === undefined) return;
  const holder = holderIn(text);
  if (holder !== undefined && isThere(holder)) {
    const where = holder.host === hostname() ? '' : ` on ${holder.host}`;
    throw new WoodFisherError(
      'ERR_WOODFISHER_STATE',
      `workDir is in use by process ${holder.pid}${where}; wait for it, or use another folder${where === '' ? '' : `; if that run is over, remove ${path}`}`,
      { option: 'workDir', value: path },
    );
  }
  const aside = temporaryName(path);
  await rename(path, aside).catch(unlessGone);
  const moved = await readFile(aside, 'utf8').catch(unlessGone);
  // Another process has taken the folder over since it was read: it keeps it.
  if (moved !== undefined && moved !== text) await placed(aside, path);
  await unlink(aside).catch(unlessGone);
}

function holderIn(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return undefined; // a power failure has cut it off
  }
}

function unlessGone(error: unknown): undefined {
  if (!isCode(error, 'ENOENT')) throw error;
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}

/** Whether it may still run; of another machine that cannot be known. */
function isThere({ pid, host, boot, started }: Holder): boolean {
  const own = thisProcess();
  if (host !== own.host) return true;
  if (boot !== own.boot || pid === own.pid) return false;
  return startOf(pid) === started;
}

function thisProcess(): Holder {
  const { pid } = process;
  return { pid, host: hostname(), boot: bootId(), started: startOf(pid) ?? '' };
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** When a process was started; undefined where there is none. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return isAlive(pid) ? '' : undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

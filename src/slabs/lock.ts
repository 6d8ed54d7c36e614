import { readFileSync } from 'node:fs';
import { open, readFile, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { WoodFisherError } from '../errors.js';

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
  for (;;) {
    try {
      const handle = await open(path, 'wx');
      await handle.writeFile(JSON.stringify(thisProcess())).finally(() => handle.close());
      return () => unlink(path).catch(() => undefined);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await holderOf(path);
    if (holder !== undefined && isThere(holder)) {
      const where = holder.host === hostname() ? '' : ` on ${holder.host}`;
      throw new WoodFisherError(
        'ERR_WOODFISHER_STATE',
        `workDir is in use by process ${holder.pid}${where}; wait for it, or use another folder${where === '' ? '' : `; if that run is over, remove ${path}`}`,
        { option: 'workDir', value: path },
      );
    }
    await unlink(path).catch(() => undefined);
  }
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return undefined; // gone, or never written as a whole
  }
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
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

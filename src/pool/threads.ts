import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { checkWhole } from '../options.js';

/** More threads than this are refused. */
export const MAX_THREADS = 256;

/** Threads a run uses by default: what the system offers, within the control group's quota. */
export function defaultThreads(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(cgroupQuota()), MAX_THREADS));
}

/** Validates the option `threads`. */
export function checkThreads(threads: number | undefined): number {
  if (threads === undefined) return defaultThreads();
  return checkWhole('threads', threads, { most: MAX_THREADS });
}

/** Processors' worth of time that the control group allows; Infinity where there is no limit. */
function cgroupQuota(): number {
  const v2 = readNumbers('/sys/fs/cgroup/cpu.max');
  if (v2.length === 2) return v2[0] / v2[1];
  const [quota] = readNumbers('/sys/fs/cgroup/cpu/cpu.cfs_quota_us');
  const [period] = readNumbers('/sys/fs/cgroup/cpu/cpu.cfs_period_us');
  return quota > 0 && period > 0 ? quota / period : Number.POSITIVE_INFINITY;
}

function readNumbers(path: string): number[] {
  try {
    const numbers = readFileSync(path, 'utf8').trim().split(/\s+/).map(Number);
    return numbers.every((n) => Number.isFinite(n)) ? numbers : [];
  } catch {
    return [];
  }
}

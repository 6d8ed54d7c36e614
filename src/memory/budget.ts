import type { MemoryBudget } from '../memory-refusal.js';
import { formatBytes, parseBytes } from './byte-size.js';
import { machineMemory } from './machine-memory.js';

/** The budget by the option `memoryLimit`; without it, what the machine has. */
export function memoryBudget(memoryLimit: number | string | undefined): MemoryBudget {
  if (memoryLimit === undefined) return { bytes: machineMemory(), source: 'machine' };
  return { bytes: parseBytes('memoryLimit', memoryLimit), source: 'memoryLimit' };
}

/** The budget in words: "memoryLimit is 1.0 GiB". */
export function describeBudget({ bytes, source }: MemoryBudget): string {
  const size = formatBytes(bytes);
  return source === 'memoryLimit' ? `memoryLimit is ${size}` : `this machine has ${size}`;
}

import { machineMemory } from './machine-memory.js';

/** Bytes of memory that are free now, in the machine and within the control group. */
export function freeMemory(): number {
  return Math.min(process.availableMemory(), machineMemory());
}

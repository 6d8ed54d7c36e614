import { totalmem } from 'node:os';

/**
 * Bytes of memory that this process can have at most: the machine's, or what its control group (a
 * container's limit) allows where that is less.
 */
export function machineMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';

/**
 * A new name in the folder of `target`. Short and independent of the target's, which may be as long
 * as the file system allows.
 */
export function temporaryName(target: string): string {
  const name = `.woodfisher-${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
  return join(dirname(target), name);
}

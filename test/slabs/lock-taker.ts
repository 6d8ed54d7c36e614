// Takes the lock that is its argument, says so, and holds it until its input ends.
import { takeLock } from '../../src/slabs/lock.js';

const release = await takeLock(process.argv[2]).catch((error: Error) => error);
process.stdout.write(release instanceof Error ? `${release.message}\n` : 'taken\n');
for await (const _ of process.stdin);
if (!(release instanceof Error)) await release();

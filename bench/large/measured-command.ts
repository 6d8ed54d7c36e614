/*
 * The command line as a process of its own, which at its end writes a line to stderr: the most memory it
 * had, and the processor time it took.
 */
import { readFileSync } from 'node:fs';
import { MEASURED, type Taken } from './taken.js';

process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  const taken: Taken = { peakBytes: peakBytes(), cpuSeconds: (user + system) / 1e6 };
  process.stderr.write(`${MEASURED}${JSON.stringify(taken)}\n`);
});

/** What resourceUsage() tells counts the process that started this one, too. */
function peakBytes(): number {
  try {
    const [, kibibytes] =
      /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return 1024 * Number(kibibytes);
  } catch {
    return 1024 * process.resourceUsage().maxRSS;
  }
}

await import('../../src/cli/main.js');

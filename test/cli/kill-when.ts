import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { MAIN } from './run-cli.js';

/**
 * Runs the command with a work directory, and kills it some ms after `ready`.
 *
 * @returns Whether it was done by then: it had ended, or the outputs were there and the work directory was cleared.
 */
export async function killWhen(
  args: readonly string[],
  work: string,
  ready: () => Promise<boolean>,
  delay = 0,
): Promise<boolean> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'ignore' });
  let ended = false;
  const exit = new Promise<void>((resolve) => {
    child.on('close', () => {
      ended = true;
      resolve();
    });
  });
  while (!ended && !(await ready())) await setTimeout(5);
  await setTimeout(delay);
  child.kill('SIGKILL');
  await exit;
  return !(await readdir(work)).includes('run.json');
}

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url));

/** How a run of the benchmark ended. */
export interface BenchRun {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the benchmark as a process of its own, at its small sizes. */
export async function runBench(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<BenchRun> {
  try {
    const done = await run(process.execPath, [MAIN, '--quick', '--runs', '1', ...args], {
      env: { ...process.env, ...env },
    });
    return { code: 0, ...done };
  } catch (error) {
    const { code, stdout, stderr } = error as unknown as BenchRun;
    return { code, stdout, stderr };
  }
}

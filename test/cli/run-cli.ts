import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The command itself. */
export const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** How a run of the command line ended. */
export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `woodfisher` with arguments as a process of its own. */
export function runCli(
  args: readonly string[],
  {
    env = {},
    cwd,
    main = MAIN,
    program,
    onStderr,
  }: {
    env?: Record<string, string>;
    cwd?: string;
    /** Another installation's command. */
    main?: string;
    /** What is run with the arguments in place of the command. */
    program?: string;
    onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
  } = {},
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const [file, all] =
      program === undefined ? [process.execPath, [main, ...args]] : [program, args];
    const child = spawn(file, all, {
      cwd,
      env: { ...process.env, ...env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => {
      stdout += data;
    });
    child.stderr.on('data', (data) => {
      stderr += data;
      onStderr?.(stderr, (signal) => child.kill(signal));
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

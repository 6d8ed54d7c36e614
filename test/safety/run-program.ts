import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a program of test/safety/programs ended. */
export interface ProgramResult {
  code: number | null;
  /** What the system ended it with: SIGSEGV, SIGABRT and the like are crashes. */
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs a program as a process of its own, so that a crash is a failure and not the end of ava. */
export function runProgram(
  name: string,
  args: readonly (string | number)[] = [],
  { env = {}, node = [] }: { env?: Record<string, string>; node?: readonly string[] } = {},
): Promise<ProgramResult> {
  const file = fileURLToPath(new URL(`./programs/${name}.js`, import.meta.url));
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [...node, file, ...args.map(String)],
      { env: { ...process.env, ...env }, maxBuffer: 2 ** 28, timeout: 240_000 },
      (_, stdout, stderr) =>
        resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr }),
    );
  });
}

/** What a program prints as JSON; an error that tells all where it did not end well. */
export async function resultOf<T>(...call: Parameters<typeof runProgram>): Promise<T> {
  const { code, signal, stdout, stderr } = await runProgram(...call);
  if (code === 0) return JSON.parse(stdout) as T;
  throw new Error(`${call[0]} ended with ${signal ?? `code ${code}`}\n${stdout}\n${stderr}`);
}

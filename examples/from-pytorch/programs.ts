import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The command as it is installed. */
const WOODFISHER = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** The scripts are not compiled, and stay in the sources. */
const SCRIPTS = fileURLToPath(new URL('../../../examples/from-pytorch/', import.meta.url));

/** Runs a script beside this one; gives what it prints. */
export async function python(
  program: string,
  script: string,
  args: readonly string[],
): Promise<string> {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await run(program, [`${SCRIPTS}${script}`, ...args], { env });
  return stdout;
}

/** Runs `woodfisher` with --json; gives its last event. */
export async function woodfisher<T>(args: readonly string[]): Promise<T> {
  const { stdout } = await run(process.execPath, [WOODFISHER, ...args, '--json'], {
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T;
}

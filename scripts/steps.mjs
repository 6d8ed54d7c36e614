// What the scripts share: running a command of the package, and knowing where it is.
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The script behind a dependency's command, or undefined where the dependency is not installed. */
export function command(name) {
  const link = join(root, 'node_modules/.bin', name);
  return existsSync(link) ? realpathSync(link) : undefined;
}

/** Runs a program in the package; its output is shown. Returns the exit code. */
export function run(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) console.error(`${program}: ${error.message}`);
  return status ?? 1;
}

/** Runs a JavaScript file with this Node. */
export function node(file, args = [], options = {}) {
  return run(process.execPath, [file, ...args], options);
}

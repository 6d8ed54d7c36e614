import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where Python is looked for; the environment's choice alone, where there is one. */
function candidates(): string[] {
  const { WOODFISHER_PYTHON } = process.env;
  return WOODFISHER_PYTHON ? [WOODFISHER_PYTHON] : ['python3', '/usr/bin/python3', 'python'];
}

const found = new Map<string, Promise<string | undefined>>();

/** A Python that has PyTorch; undefined where there is none. */
export function pythonWithTorch(): Promise<string | undefined> {
  return pythonWith('torch');
}

/** A Python that has a module; undefined where there is none. Looked for once. */
export function pythonWith(module: string): Promise<string | undefined> {
  const known = found.get(module) ?? find(module);
  found.set(module, known);
  return known;
}

async function find(module: string): Promise<string | undefined> {
  for (const python of candidates()) {
    try {
      await run(python, ['-c', `import ${module}`]);
      return python;
    } catch {}
  }
  return undefined;
}

/** Why there is no PyTorch, and what to do about it. */
export function noTorch(): string {
  return `no PyTorch in ${candidates().join(', ')}; bench/rivals/torch/install.sh installs it on Debian, WOODFISHER_PYTHON names another Python`;
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where PyTorch is looked for; the environment's choice alone, where there is one. */
function candidates(): string[] {
  const { WOODFISHER_PYTHON } = process.env;
  return WOODFISHER_PYTHON ? [WOODFISHER_PYTHON] : ['python3', '/usr/bin/python3', 'python'];
}

let found: Promise<string | undefined> | undefined;

/** A Python that has PyTorch; undefined where there is none. Looked for once. */
export function pythonWithTorch(): Promise<string | undefined> {
  found ??= find();
  return found;
}

async function find(): Promise<string | undefined> {
  for (const python of candidates()) {
    try {
      await run(python, ['-c', 'import torch']);
      return python;
    } catch {}
  }
  return undefined;
}

/** Why there is no PyTorch, and what to do about it. */
export function noTorch(): string {
  return `no PyTorch in ${candidates().join(', ')}; bench/rivals/torch/install.sh installs it on Debian, WOODFISHER_PYTHON names another Python`;
}

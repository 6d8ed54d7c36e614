/** A build of TensorFlow.js and the backend it computes on, the fastest first. */
export interface Build {
  package: string;
  backend: 'tensorflow' | 'wasm' | 'cpu';
}

export const BUILDS: readonly Build[] = [
  { package: '@tensorflow/tfjs-node-gpu', backend: 'tensorflow' },
  { package: '@tensorflow/tfjs-node', backend: 'tensorflow' },
  { package: '@tensorflow/tfjs', backend: 'wasm' },
  { package: '@tensorflow/tfjs', backend: 'cpu' },
];

/** A build that was tried and does not run here. */
export interface FailedBuild extends Build {
  /** What is missing, in words. */
  reason: string;
  /** The error that came of it. */
  cause: unknown;
}

/** Why a build does not run, in words that say what to do. */
export function reasonOf({ package: name }: Build, cause: unknown): string {
  const { code, message = String(cause) } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') {
    const missing = /Cannot find (?:package|module) '([^']+)'/.exec(message)?.[1] ?? name;
    return missing === name ? 'is not installed' : `needs ${missing}, which is not installed`;
  }
  if (message.includes('tfjs_binding.node')) {
    return `has no binary for this machine: run "npm rebuild ${name} --build-addon-from-source"`;
  }
  if (/isNullOrUndefined\)? is not a function/.test(message)) {
    return `does not run on Node.js ${process.versions.node}: use Node.js 22 or older`;
  }
  return `fails: ${message.split('\n', 1)[0]}`;
}

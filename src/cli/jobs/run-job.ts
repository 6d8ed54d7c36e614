import { type ChildProcess, spawn } from 'node:child_process';
import { WoodFisherError } from '../../errors.js';

/** How long a job may take to end when it is asked to, in ms; then it is killed. */
const GRACE = 300;

/** Where process groups are, a job and all it has started end together. */
const GROUPS = process.platform !== 'win32';

/** A job to run: one of the user's own programs. */
export interface Job {
  /** The flag it is the value of, for messages. */
  flag: string;
  /** The program and its arguments. */
  words: readonly string[];
  signal: AbortSignal;
  /** Given what it writes to stdout, beside passing it on. */
  onOutput?: (text: string) => void;
}

/**
 * Runs a job, without a shell. All that it writes goes to stderr, so that stdout stays the run's own.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_JOB` where it cannot be started, or ends with another exit code
 *   than 0 or by a signal; the signal's reason when the run is aborted, after the job has ended.
 */
export async function runJob({ flag, words, signal, onOutput }: Job): Promise<void> {
  signal.throwIfAborted();
  const [program, ...args] = words;
  const child = spawn(program, args, {
    stdio: ['ignore', onOutput === undefined ? 2 : 'pipe', 2],
    detached: GROUPS,
  });
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text);
    onOutput?.(text);
  });
  // A process that exits at once, by a second signal say, leaves no job behind.
  const kill = (): void => send(child, 'SIGKILL');
  let killing: NodeJS.Timeout | undefined;
  const stop = (): void => {
    send(child, 'SIGTERM');
    killing = setTimeout(kill, GRACE);
  };
  process.on('exit', kill);
  signal.addEventListener('abort', stop);
  try {
    const ended = await endOf(child, flag, program);
    signal.throwIfAborted();
    if (ended.code === 0) return;
    const how =
      ended.code === null ? `was ended by ${ended.name}` : `failed with exit code ${ended.code}`;
    throw jobError(`${flag} ${how}: ${words.join(' ')}`, ended.code ?? ended.name);
  } finally {
    signal.removeEventListener('abort', stop);
    process.off('exit', kill);
    clearTimeout(killing);
  }
}

/** An error about a job. */
export function jobError(message: string, value?: unknown, cause?: unknown): WoodFisherError {
  return new WoodFisherError('ERR_WOODFISHER_JOB', message, { value }, { cause });
}

function endOf(
  child: ChildProcess,
  flag: string,
  program: string,
): Promise<{ code: number | null; name: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.on('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'ENOENT' ? 'there is no such program' : cause.message;
      reject(jobError(`${flag} cannot start ${JSON.stringify(program)}: ${why}`, program, cause));
    });
    child.on('close', (code, name) => resolve({ code, name }));
  });
}

function send({ pid, exitCode, signalCode }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(GROUPS ? -pid : pid, name);
  } catch {
    // It has ended by itself.
  }
}

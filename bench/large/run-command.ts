import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MEASURED, type Taken } from './taken.js';

const COMMAND = fileURLToPath(new URL('./measured-command.js', import.meta.url));

/** A line of `--json`. */
export interface CommandEvent {
  event: string;
  readonly [fact: string]: unknown;
}

/** How a command went. */
export interface Ran extends Taken {
  seconds: number;
  events: CommandEvent[];
}

/** A command that runs. */
export interface Running {
  /** Rejects where it fails, or is killed. */
  ended: Promise<Ran>;
  kill(): void;
}

/** Starts `woodfisher` with arguments and `--json`; `onEvent` is told its lines as they come. */
export function startCommand(
  args: readonly string[],
  onEvent: (event: CommandEvent, seconds: number) => void = () => undefined,
): Running {
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  const child = spawn(process.execPath, [COMMAND, ...args, '--json']);
  const events: CommandEvent[] = [];
  let rest = '';
  child.stdout.on('data', (data) => {
    const lines = `${rest}${data}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = JSON.parse(line) as CommandEvent;
      events.push(event);
      onEvent(event, seconds());
    }
  });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const at = stderr.lastIndexOf(MEASURED);
      if (code === 0 && at !== -1) {
        const taken = JSON.parse(stderr.slice(at + MEASURED.length)) as Taken;
        resolve({ ...taken, seconds: seconds(), events });
      } else {
        reject(new Error(`woodfisher ${args[0]} ended with ${signal ?? code}: ${stderr}`));
      }
    });
  });
  return { ended, kill: () => child.kill('SIGKILL') };
}

/** Starts it; `begins` settles with the first progress, and gives the seconds until then. */
export function startWork(args: readonly string[]): { begins: Promise<number>; running: Running } {
  let told: (seconds: number) => void;
  const begins = new Promise<number>((resolve) => {
    told = resolve;
  });
  const running = startCommand(args, ({ event }, seconds) => {
    if (event === 'progress') told(seconds);
  });
  return { begins, running };
}

/** Runs it to its end. */
export function runCommand(args: readonly string[]): Promise<Ran> {
  return startCommand(args).ended;
}

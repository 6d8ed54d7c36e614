import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, Job } from './child.js';

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));

/** What a job gives, and the most memory its process held, in bytes. */
export interface Done<T> {
  result: T;
  peakBytes: number;
}

/**
 * Does a job in a process of its own.
 * @throws {Error} with the message of what was thrown there, or the way the process ended.
 */
export function inChild<T>(job: Job): Promise<Done<T>> {
  return new Promise((resolve, reject) => {
    const child = fork(CHILD, {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    let answer: Answer | undefined;
    child.once('message', (message) => {
      answer = message as Answer;
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (answer === undefined) {
        const end = signal === null ? `code ${code}` : `signal ${signal}`;
        reject(new Error(`the process of ${job.case} ended with ${end}`));
      } else if ('error' in answer) {
        reject(new Error(answer.error));
      } else {
        resolve(answer as Done<T>);
      }
    });
    child.send(job);
  });
}

import type { Failure } from '../failure.js';
import type { ProgressDisplay } from './progress-display.js';
import type { Reporter } from './reporter.js';

/** For people: progress and warnings on stderr, the summary on stdout. */
export function textReporter(display: ProgressDisplay): Reporter {
  return {
    progress(progress) {
      display.show(progress);
    },
    note(_event, _facts, line) {
      display.stop();
      if (line === undefined) return;
      process.stderr.write(`${line}\n`);
    },
    warning(message) {
      display.stop();
      process.stderr.write(`warning: ${message}\n`);
    },
    done(_, summary) {
      display.stop();
      process.stdout.write(`${summary()}\n`);
    },
    failed(failure) {
      display.stop();
      writeFailure(failure);
    },
  };
}

/** Nothing but errors. */
export function quietReporter(): Reporter {
  return {
    progress() {},
    note() {},
    warning() {},
    done() {},
    failed: writeFailure,
  };
}

/** One line on stderr, and where it happened if the environment asks for that. */
export function writeFailure({ message, stack }: Failure): void {
  process.stderr.write(`error: ${message}\n`);
  if (process.env.WOODFISHER_DEBUG && stack !== undefined) process.stderr.write(`${stack}\n`);
}

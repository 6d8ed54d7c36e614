import type { Progress, Reporter } from './reporter.js';
import { writeJson } from './streams.js';
import { writeFailure } from './text-reporter.js';
import { Throttle } from './throttle.js';

/** Least time between two progress events of a phase, in ms. */
const EVERY = 250;

/** One JSON object per line on stdout, and nothing else there. */
export function jsonReporter(): Reporter {
  const throttle = new Throttle(EVERY);
  return {
    progress({ phase, done, total, unit }: Progress) {
      if (!throttle.passes(phase) && done !== total) return;
      writeJson({ event: 'progress', phase, done, total: total ?? null, unit });
    },
    note(event, facts) {
      writeJson({ event, ...facts });
    },
    warning(message, code) {
      writeJson({ event: 'warning', code: code ?? null, message });
    },
    done(facts) {
      writeJson({ event: 'done', ...facts });
    },
    failed(failure) {
      const { code, message, details } = failure;
      writeJson({ event: 'error', code, message, details });
      writeFailure(failure);
    },
  };
}

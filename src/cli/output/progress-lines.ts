import { Meter } from './meter.js';
import type { ProgressDisplay } from './progress-display.js';
import { Throttle } from './throttle.js';

/** Least time between two lines of a phase, in ms. */
const EVERY = 3000;

/** Plain lines for logs: one at the start of a phase, then one every few seconds. */
export function progressLines(): ProgressDisplay {
  const meter = new Meter();
  const throttle = new Throttle(EVERY);
  return {
    show(progress) {
      const { text } = meter.measure(progress);
      if (throttle.passes(progress.phase)) process.stderr.write(`${progress.phase}: ${text}\n`);
    },
    stop() {},
  };
}

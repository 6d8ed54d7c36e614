import { count, duration } from './numbers.js';
import type { Progress } from './reporter.js';

/** Rates over less than this, in seconds, say nothing. */
const SHORTEST = 0.5;

/** Where a phase is, for people. */
export interface Measure {
  /** 0 to 1; undefined where the total is not known. */
  fraction: number | undefined;
  /** Count, percentage, rate and remaining time, as far as they are known. */
  text: string;
}

/** Measures the pace of the phases, one after the other. */
export class Meter {
  #phase: string | undefined;
  #start = 0;
  #first = 0;
  #last = 0;

  /** @param now In ms. */
  measure({ phase, done, total, unit }: Progress, now = performance.now()): Measure {
    // A phase may also begin again: selection passes over the scores several times.
    if (phase !== this.#phase || done < this.#last) {
      this.#phase = phase;
      this.#start = now;
      this.#first = done;
    }
    this.#last = done;
    const parts = [total === undefined ? count(done) : `${count(done)}/${count(total)}`, unit];
    const fraction = total === undefined ? undefined : total === 0 ? 1 : done / total;
    if (fraction !== undefined) parts.push(`(${Math.floor(100 * fraction)} %)`);
    const seconds = (now - this.#start) / 1000;
    const rate = (done - this.#first) / seconds;
    if (seconds >= SHORTEST && rate > 0) {
      parts.push(`${count(Number(rate.toPrecision(3)))}/s`);
      if (total !== undefined) parts.push(`${duration((total - done) / rate)} left`);
    }
    return { fraction, text: parts.join(' ') };
  }
}

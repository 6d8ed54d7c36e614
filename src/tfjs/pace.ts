import { setImmediate } from 'node:timers/promises';

/** Lets a long loop give way: `if (pace.due()) await pace.rest()`. */
export interface Pace {
  /** Whether the slice of time is used up. */
  due(): boolean;
  /** Runs the event loop once and starts a new slice; throws the reason of an aborted signal. */
  rest(): Promise<void>;
}

/** A pace that works for `slice` milliseconds at a stretch. */
export function pacer({ slice = 8, signal }: { slice?: number; signal?: AbortSignal } = {}): Pace {
  let end = 0;
  return {
    due: () => performance.now() >= end,
    async rest() {
      await setImmediate();
      signal?.throwIfAborted();
      end = performance.now() + slice;
    },
  };
}

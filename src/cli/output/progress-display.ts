import type { Progress } from './reporter.js';

/** Shows progress on stderr. */
export interface ProgressDisplay {
  show(progress: Progress): void;
  /** Leaves the line free for other output; the next `show` goes on. */
  stop(): void;
}

/** What a command took. */
export interface Taken {
  /** Resident memory at most. */
  peakBytes: number;
  /** All threads, user and system. */
  cpuSeconds: number;
}

/** What the line begins with in which a command tells it. */
export const MEASURED = 'measured ';

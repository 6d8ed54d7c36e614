import type { PhaseStatistics } from './phase-clock.js';

/** How far a run is. */
export interface ProgressEvent {
  phase: PhaseStatistics['name'];
  /** Samples (accumulate) or blocks (the other phases) that are done. */
  done: number;
  /** Of how many; undefined where that is not known beforehand. */
  total: number | undefined;
  unit: 'samples' | 'blocks';
}

export type ProgressListener = (event: ProgressEvent) => void;

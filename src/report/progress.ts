import type { PhaseStatistics } from './statistics.js';

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

/** Wall time and memory of the phases of a run. */
export class PhaseClock {
  readonly phases: PhaseStatistics[] = [];
  readonly #peakBytes: () => number;
  #current: PhaseStatistics['name'] | undefined;

  constructor(peakBytes: () => number) {
    this.#peakBytes = peakBytes;
  }

  /** The phase that is under way. */
  get current(): PhaseStatistics['name'] | undefined {
    return this.#current;
  }

  /** Runs `work` as (a further part of) the phase `name`. */
  async time<T>(name: PhaseStatistics['name'], work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    this.#current = name;
    try {
      return await work();
    } finally {
      this.#current = undefined;
      this.#add(name, (performance.now() - start) / 1000);
    }
  }

  /** The phases with the time that was predicted for them; none where that is next to nothing. */
  compared(
    estimated: Partial<Record<PhaseStatistics['name'], number>> | undefined,
  ): PhaseStatistics[] {
    return this.phases.map((phase) => ({
      ...phase,
      estimatedSeconds: estimated?.[phase.name] || null,
    }));
  }

  #add(name: PhaseStatistics['name'], seconds: number): void {
    let phase = this.phases.find((known) => known.name === name);
    if (phase === undefined) {
      phase = { name, seconds: 0, estimatedSeconds: null, peakBytes: 0 };
      this.phases.push(phase);
    }
    phase.seconds += seconds;
    phase.peakBytes = this.#peakBytes();
  }
}

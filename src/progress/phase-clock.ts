export interface PhaseStatistics {
  name:
    | 'read'
    | 'accumulate'
    | 'save'
    | 'sweep'
    | 'invert'
    | 'score'
    | 'select'
    | 'compare'
    | 'search'
    | 'measure'
    | 'update';
  /**
   * Wall time; `read` is the time spent waiting for gradients, `search` mostly and `measure` all of that in
   * the caller's loss.
   */
  seconds: number;
  /**
   * Wall time that was predicted from the sizes and a short measurement of the machine, mostly within
   * a factor of 2. null for phases that depend on other things or take next to no time, and where
   * measuring would have taken about as long as the run.
   */
  estimatedSeconds: number | null;
  /** Shared memory in use at most until the end of the phase. */
  peakBytes: number;
}

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

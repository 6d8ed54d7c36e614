/** Lets the first event of a phase pass, and then one every so often. */
export class Throttle {
  readonly #every: number;
  #phase: string | undefined;
  #last = 0;

  /** @param every In ms. */
  constructor(every: number) {
    this.#every = every;
  }

  passes(phase: string): boolean {
    const now = performance.now();
    if (phase === this.#phase && now - this.#last < this.#every) return false;
    this.#phase = phase;
    this.#last = now;
    return true;
  }
}

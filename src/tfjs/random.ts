/** A stream of numbers that a seed decides (sfc32, Doty-Humphrey: counter, shifts and one rotation). */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed A whole number; its lowest 53 bits count. */
  constructor(seed: number) {
    this.#a = 0;
    this.#b = seed | 0;
    this.#c = Math.floor(seed / 2 ** 32) | 0;
    for (let i = 0; i < 15; i++) this.#next();
  }

  /** Uniform in (0, 1), never 0 or 1. */
  uniform(): number {
    const high = this.#next() >>> 6;
    const low = this.#next() >>> 5;
    return (high * 2 ** 27 + low + 0.5) / 2 ** 53;
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Standard Gumbel: the largest of logits plus such numbers is a draw from their softmax. */
  gumbel(): number {
    return -Math.log(-Math.log(this.uniform()));
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum;
  }
}

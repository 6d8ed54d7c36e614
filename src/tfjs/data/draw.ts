import { Random } from '../random.js';
import { type Examples, pick } from './examples.js';

/** Numbers that say where a draw stands; JSON. */
export interface DrawPosition {
  /** Shuffles so far. */
  round: number;
  /** Examples given of this one. */
  given: number;
}

/**
 * Draws examples without replacement: those of one draw differ, and come again when all the others
 * have come, or too few are left for a draw. A seed decides everything.
 */
export class ExampleDraw {
  readonly #examples: Examples;
  readonly #seed: number;
  #order: Uint32Array;
  #position: DrawPosition;

  constructor(examples: Examples, seed: number, position: DrawPosition = { round: 0, given: 0 }) {
    this.#examples = examples;
    this.#seed = seed;
    this.#position = position;
    this.#order = shuffled(examples.count, seed + position.round);
  }

  get count(): number {
    return this.#examples.count;
  }

  get position(): DrawPosition {
    return { ...this.#position };
  }

  /** The next `count` examples, `count` at most as many as there are. */
  next(count: number): DrawnExamples {
    if (this.#position.given + count > this.#order.length) {
      const round = this.#position.round + 1;
      this.#position = { round, given: 0 };
      this.#order = shuffled(this.count, this.#seed + round);
    }
    const { given } = this.#position;
    this.#position = { ...this.#position, given: given + count };
    return { examples: this.#examples, indices: this.#order.slice(given, given + count) };
  }
}

/** Examples that are looked up when they are wanted. */
export interface DrawnExamples {
  examples: Examples;
  indices: Uint32Array;
}

/** Parts examples in two by chance: `share` of them, one at least, are held out. */
export function holdOut(
  examples: Examples,
  share: number,
  seed: number,
): { rest: Examples; heldOut: Examples } {
  const order = shuffled(examples.count, seed);
  const heldOut = Math.max(1, Math.round(share * examples.count));
  return {
    heldOut: pick(examples, order.slice(0, heldOut)),
    rest: pick(examples, order.slice(heldOut).sort()),
  };
}

/** 0 … count − 1 in a random order (Fisher and Yates). */
function shuffled(count: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, n) => n);
  const random = new Random(seed);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

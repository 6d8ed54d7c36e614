import { COMMON_GROUPS, GroupMaxima } from './group-maxima.js';
import { isNonzero, occupiedBits, type Words } from './words.js';

/** What has to be known of a tensor's elements to choose how it is stored. */
export interface Occupancy {
  /** Elements that are not +0.0. */
  stored: number;
  /** By M: the most stored elements in a group of M neighbours along the last axis. */
  most: ReadonlyMap<number, number>;
}

/** Elements that are not +0.0. */
export function storedIn({ array, lanes }: Words): number {
  let stored = 0;
  if (lanes === 1) {
    for (let i = 0; i < array.length; i++) stored += isNonzero(array[i]);
  } else {
    for (let i = 0; i < array.length; i += 2) stored += isNonzero(array[i] | array[i + 1]);
  }
  return stored;
}

/** Counts the elements of a tensor, piece by piece, that are not +0.0. */
export class OccupancyScan {
  readonly #length: number;
  readonly #group: number | undefined;
  readonly #maxima = new GroupMaxima();
  #stored = 0;
  #most = 0;

  /**
   * Pieces must begin where a row does, or at multiples of 32 and of `group` in one.
   *
   * @param length Length of the last axis.
   * @param group M of a pattern that is asked for; without it, the usual ones are counted.
   */
  constructor(length: number, group?: number) {
    this.#length = length;
    this.#group = group;
  }

  /** @param begin Index of the first element of the piece. */
  add(piece: Words, begin: number, end: number): void {
    if (this.#group === undefined) this.#addMasks(piece, begin, end);
    else this.#addGroups(piece, begin, end, this.#group);
  }

  get occupancy(): Occupancy {
    const most =
      this.#group === undefined
        ? COMMON_GROUPS.map((M) => [M, this.#maxima.get(M)] as const)
        : [[this.#group, this.#most] as const];
    return { stored: this.#stored, most: new Map(most) };
  }

  #addMasks(piece: Words, begin: number, end: number): void {
    const length = this.#length;
    let stored = 0;
    for (let at = 0, column = begin % length; at < end - begin; ) {
      const count = Math.min(32, length - column);
      const mask = occupiedBits(piece, at, count);
      at += count;
      column += count;
      if (column === length) column = 0;
      if (mask === 0) continue;
      stored += ones(mask);
      this.#maxima.add(mask);
    }
    this.#stored += stored;
  }

  #addGroups({ array, lanes }: Words, begin: number, end: number, M: number): void {
    for (let at = 0, column = begin % this.#length; at < end - begin; ) {
      const stop = at + Math.min(M, this.#length - column);
      column += stop - at;
      if (column === this.#length) column = 0;
      let stored = 0;
      for (; at < stop; at++) {
        const value = lanes === 1 ? array[at] : array[2 * at] | array[2 * at + 1];
        stored += isNonzero(value);
      }
      this.#stored += stored;
      this.#most = Math.max(this.#most, stored);
    }
  }
}

function ones(mask: number): number {
  const by2 = mask - ((mask >>> 1) & 0x55555555);
  const by4 = (by2 & 0x33333333) + ((by2 >>> 2) & 0x33333333);
  return Math.imul((by4 + (by4 >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

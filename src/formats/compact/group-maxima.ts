/** Lengths of groups for which patterns are looked for. */
export const COMMON_GROUPS = [2, 4, 8, 16, 32] as const;

/**
 * The most ones in any group of 2, 4, 8, 16 and 32 neighbours, out of masks of 32 neighbours.
 *
 * The ones of all groups of a mask are counted side by side in the fields of one word. Whether a field
 * is above the maximum so far is one addition that carries into the field's highest bit; it happens
 * M times at most for each M.
 */
export class GroupMaxima {
  readonly #most: Record<(typeof COMMON_GROUPS)[number], number> = {
    2: 0,
    4: 0,
    8: 0,
    16: 0,
    32: 0,
  };
  #carry4 = 7 * 0x11111111;
  #carry8 = 127 * 0x01010101;
  #carry16 = 0x7fff * 0x00010001;

  /** @param mask 32 neighbours, or those that are left in a row, from the lowest bit on. */
  add(mask: number): void {
    const most = this.#most;
    const by2 = mask - ((mask >>> 1) & 0x55555555);
    const by4 = (by2 & 0x33333333) + ((by2 >>> 2) & 0x33333333);
    const by8 = (by4 + (by4 >>> 4)) & 0x0f0f0f0f;
    const by16 = (by8 + (by8 >>> 8)) & 0x00ff00ff;
    const by32 = (by16 + (by16 >>> 16)) & 0xff;
    if (by32 > most[32]) most[32] = by32;
    if (most[2] < 2 && by2 !== 0) most[2] = Math.max(most[2], largestField(by2, 2));
    if (((by4 + this.#carry4) & 0x88888888) !== 0) {
      most[4] = largestField(by4, 4);
      this.#carry4 = (7 - most[4]) * 0x11111111;
    }
    if (((by8 + this.#carry8) & 0x80808080) !== 0) {
      most[8] = largestField(by8, 8);
      this.#carry8 = (127 - most[8]) * 0x01010101;
    }
    if (((by16 + this.#carry16) & 0x80008000) !== 0) {
      most[16] = largestField(by16, 16);
      this.#carry16 = (0x7fff - most[16]) * 0x00010001;
    }
  }

  /** The most ones in a group of M. */
  get(M: (typeof COMMON_GROUPS)[number]): number {
    return this.#most[M];
  }
}

function largestField(word: number, bits: number): number {
  const mask = 2 ** bits - 1;
  let largest = 0;
  for (let rest = word >>> 0; rest !== 0; rest >>>= bits) {
    largest = Math.max(largest, rest & mask);
  }
  return largest;
}

/** Uniform numbers in [0, 1), the same for the same seed (mulberry32 of Tommy Ettinger). */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Puts the elements in a random order (Fisher and Yates). */
export function shuffle(elements: Uint32Array, random: () => number): void {
  for (let i = elements.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [elements[i], elements[j]] = [elements[j], elements[i]];
  }
}

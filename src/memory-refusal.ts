/** What a run that does not fit would need, and what would fit; `details.memory` of the error. */
export interface MemoryRefusal {
  needed: MemoryBytes;
  budget: MemoryBudget;
  suggestions: MemorySuggestion[];
}

/** Bytes of a run by what they are for. */
export interface MemoryBytes {
  /** Copies of the weights, their masks, where blocks begin. */
  weights: number;
  /** The Fisher: packed triangles, or samples for dual; rounding errors included where they are kept. */
  state: number;
  /** Σ g and Σ g²; with criterion kfac its sums over inputs and deltas, and their inverses. */
  sums: number;
  /** Gradient batches under way: two, or one where all samples come in one. */
  batches: number;
  /** Diagonals and condition of the inverse, h, scores, new masks, predicted losses, weights of a line search. */
  results: number;
  /** Counts of the ranking. */
  counts: number;
  /** What the kernels take in all threads together, beside the shared memory. */
  scratch: number;
  /** Arrays that prune() returns, on ordinary memory. */
  outputs: number;
  /**
   * Most shared memory in use at one time: what `peakBytes` tells afterwards; with groups, with floors
   * and ceilings, and with compact blocks in several steps at most that.
   */
  shared: number;
  /** Most of everything in use at one time; less than the sum, as not all is there together. */
  total: number;
}

/** Settings with which a run that was refused would fit, and the bytes it takes then. */
export interface MemorySuggestion {
  settings: {
    blockSize?: number;
    solver?: 'dual';
    samples?: number;
    gradientBatch?: number;
    /** Names of the prunable parameters of several runs, one after the other. */
    runs?: string[][];
  };
  /** Most memory in use; for several runs that of the largest. */
  bytes: number;
}

/** Bytes that a run may take, and who says so. */
export interface MemoryBudget {
  bytes: number;
  source: 'memoryLimit' | 'machine';
}

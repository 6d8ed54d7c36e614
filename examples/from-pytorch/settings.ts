/** How much of everything a run takes. */
export interface Settings {
  /** Steps of training, of 128 sentences. */
  steps: number;
  /** Gradient samples, a sentence each. */
  samples: number;
  sparsities: readonly number[];
}

export const FULL: Settings = {
  steps: 1000,
  samples: 2048,
  sparsities: [0.3, 0.5, 0.7],
};

/** Enough to see that it works. */
export const SMALL: Settings = { steps: 200, samples: 256, sparsities: [0.3, 0.5] };

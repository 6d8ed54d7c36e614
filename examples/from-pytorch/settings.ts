/** How much of everything a run takes. */
export interface Settings {
  /** Steps of training, of 128 sentences. */
  steps: number;
  /** Gradient samples, a sentence each. */
  samples: number;
  sparsities: readonly number[];
}

export const FULL: Settings = {
  steps: 2000,
  samples: 4096,
  sparsities: [0.3, 0.5, 0.6, 0.7, 0.8],
};

/** Enough to see that it works. */
export const SMALL: Settings = { steps: 200, samples: 256, sparsities: [0.3, 0.5] };

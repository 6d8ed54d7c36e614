/** How much of everything a run takes. */
export interface Settings {
  /** Steps of training, of 128 sentences. */
  steps: number;
  /** Gradient samples, a sentence each. */
  samples: number;
  sparsities: readonly number[];
  /** In several steps, with gradients taken again at each. */
  several: {
    steps: number;
    sparsities: readonly number[];
    /** Whether each follows the mean gradient, as far as a loss on held-out sentences falls. */
    search: boolean;
  };
}

export const FULL: Settings = {
  steps: 1000,
  samples: 2048,
  sparsities: [0.3, 0.5, 0.7],
  several: { steps: 8, sparsities: [0.5, 0.7], search: true },
};

/** Enough to see that it works. */
export const SMALL: Settings = {
  steps: 200,
  samples: 256,
  sparsities: [0.3, 0.5],
  several: { steps: 2, sparsities: [0.5], search: false },
};

/** How much of everything a run takes. */
export interface Settings {
  /** Gradient samples, each of one square. */
  samples: number;
  /** Rows and columns of the small squares that gradients are taken of. */
  side: number;
  /** Rows and columns of the part of the photograph that is scored, at its full size. */
  scored: number;
  /** Of pruning in one step. */
  sparsities: readonly number[];
  /** Of pruning in several, each with gradients taken anew of `samples` of the squares. */
  stepped: { sparsities: readonly number[]; steps: number; samples: number };
  seed: number;
}

/** What docs/pretrained.md shows. */
export const FULL: Settings = {
  samples: 500,
  side: 16,
  scored: 256,
  sparsities: [0.5, 0.6, 0.7, 0.8, 0.9, 0.95],
  stepped: { sparsities: [0.8, 0.9], steps: 4, samples: 125 },
  seed: 1,
};

/** Enough to see that it works. */
export const SMALL: Settings = {
  ...FULL,
  samples: 40,
  side: 10,
  scored: 64,
  sparsities: [0.5, 0.8],
  stepped: { sparsities: [0.8], steps: 2, samples: 20 },
};

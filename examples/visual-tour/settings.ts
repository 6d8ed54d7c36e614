/** How much of everything a tour takes. */
export interface Settings {
  /** Images that a network is trained on. */
  trainingImages: number;
  epochs: number;
  /** N: training images that Hessian, Fishers and losses are of. */
  images: number;
  /** Of these the first, that the whole Hessian is of. */
  wholeImages: number;
  testImages: number;
  /** Where the training is looked at, as shares of it. */
  stops: readonly number[];
  /** Of the pruning whose loss is predicted. */
  sparsity: number;
  /** Shares of the way from the weights before to those after pruning. */
  way: readonly number[];
  seed: number;
}

/** What docs/visual-tour.md shows. */
export const FULL: Settings = {
  trainingImages: 20_000,
  epochs: 10,
  images: 1000,
  wholeImages: 400,
  testImages: 10_000,
  stops: [0.05, 0.25, 1],
  sparsity: 0.6,
  way: Array.from({ length: 14 }, (_, i) => i / 10),
  seed: 1,
};

/** Enough to see that it works. */
export const SMALL: Settings = {
  ...FULL,
  epochs: 4,
  trainingImages: 2000,
  images: 60,
  wholeImages: 10,
  testImages: 1000,
  stops: [0.1, 1],
  way: [0, 0.5, 1, 1.25],
};

import type { QualityResult } from './result.js';

/** Shares of the test images that are wanted without retraining, by network and sparsity. */
const WANTED: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  'mnist/lenet-300-100': { 0.9: 0.98, 0.95: 0.975, 0.98: 0.96 },
  'mnist/mlpnet': { 0.9: 0.965, 0.95: 0.953, 0.98: 0.925 },
};

/** What is wanted of the best recipe, and what it reaches. */
export interface QualityFigure {
  /** `dataset/network` */
  subject: string;
  sparsity: number;
  /** The method that does best on the held-out images, and its N. */
  method: string;
  samples: number | null;
  wanted: number;
  /** Mean share of the test images. */
  reached: number;
  /** null where a quick run says nothing. */
  ok: boolean | null;
}

/** For each figure there is a case of: the recipe that is best on the held-out images, on the test images. */
export function judgeQuality({ dense, cases, quick }: QualityResult): QualityFigure[] {
  return dense.flatMap(({ dataset, network }) => {
    const subject = `${dataset}/${network}`;
    return Object.entries(WANTED[subject] ?? {}).flatMap(([key, wanted]) => {
      const sparsity = Number(key);
      const [best] = cases
        .filter((one) => one.dataset === dataset && one.network === network)
        .filter((one) => one.sparsity === sparsity)
        .sort((a, b) => b.heldOut - a.heldOut);
      if (best === undefined) return [];
      const { method, samples, mean: reached } = best;
      const ok = quick ? null : reached >= wanted;
      return [{ subject, sparsity, method, samples, wanted, reached, ok }];
    });
  });
}

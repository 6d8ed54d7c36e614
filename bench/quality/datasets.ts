import { existsSync } from 'node:fs';
import {
  type Digits,
  loadDigits,
  readDigits,
  type Split,
  slice,
} from '../../examples/digits/idx.js';

export type DatasetName = 'mnist' | 'fashion-mnist';

/** Examples, and what they are for. */
export interface Dataset {
  name: DatasetName;
  /** Networks are trained on these, and gradients are taken over them. */
  train: Split;
  /** Line searches and the choice of recipes see these; neither training nor a Fisher does. */
  heldOut: Split;
  /** Only what is reported comes from these. */
  test: Split;
}

/** How many examples of each kind a dataset has. */
export interface SplitSizes {
  train: number;
  heldOut: number;
  test: number;
}

/** Of 60,000 training examples the last 5,000 are held out. */
export const ALL_EXAMPLES: SplitSizes = { train: 55_000, heldOut: 5_000, test: 10_000 };

/** Where Debian's package dataset-fashion-mnist puts its files. */
const FASHION_FOLDER = '/usr/share/datasets/fashion-mnist';

const READERS: Readonly<Record<DatasetName, () => Promise<Digits>>> = {
  mnist: loadDigits,
  'fashion-mnist': () => readDigits(FASHION_FOLDER, '.gz'),
};

/** Why a dataset is not there; undefined where it is. */
export function unavailable(name: DatasetName): string | undefined {
  if (name !== 'fashion-mnist' || existsSync(FASHION_FOLDER)) return undefined;
  return `no ${FASHION_FOLDER}; it comes with Debian's package dataset-fashion-mnist`;
}

/** Reads a dataset: the first examples are for training, those behind them are held out. */
export async function loadDataset(
  name: DatasetName,
  { train, heldOut, test }: SplitSizes = ALL_EXAMPLES,
): Promise<Dataset> {
  const all = await READERS[name]();
  return {
    name,
    train: slice(all.train, 0, train),
    heldOut: slice(all.train, train, train + heldOut),
    test: slice(all.test, 0, test),
  };
}

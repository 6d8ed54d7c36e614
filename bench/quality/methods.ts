import { CRITERIA, type PruneOptions } from '../../src/index.js';

/** What a method is given beside the network and the sparsity. */
export type Need = 'gradients' | 'loss' | 'seed';

/** Options of `prune` that are data. */
type MethodSettings = Omit<
  PruneOptions,
  'parameters' | 'gradients' | 'loss' | 'sparsity' | 'criterion' | 'signal' | 'onProgress'
> & {
  /** A criterion that this version does not have is told, and the method left out. */
  criterion?: string;
};

/** A way to prune. */
export interface QualityMethod {
  name: string;
  /** What `prune` is called with. */
  options: MethodSettings;
  /** Gradients of random training examples, new ones at each step; the loss on held-out examples; a seed. */
  needs: readonly Need[];
  /** N of its own, where it is not the N of the table; it then stands in no table over N. */
  samples?: number;
  /** The sparsities it is run at, where they are not all of the table. */
  sparsities?: readonly number[];
}

const HARD = [0.9, 0.95, 0.98];

/** All methods, from the simplest on; a new one is an entry here. */
export const METHODS: readonly QualityMethod[] = [
  { name: 'random', options: { criterion: 'random', update: 'none' }, needs: ['seed'] },
  { name: 'magnitude', options: { criterion: 'magnitude', update: 'none' }, needs: [] },
  {
    name: 'diagonal-fisher',
    options: { criterion: 'diagonal-fisher', update: 'none' },
    needs: ['gradients'],
  },
  { name: 'kfac', options: { criterion: 'kfac' }, needs: ['gradients'] },
  { name: 'independent', options: { update: 'independent' }, needs: ['gradients'] },
  { name: 'joint', options: { update: 'joint' }, needs: ['gradients'] },
  { name: 'greedy', options: { selection: 'greedy' }, needs: ['gradients'] },
  { name: 'greedy-16', options: { selection: 'greedy', steps: 16 }, needs: ['gradients'] },
  {
    name: 'first-order-16',
    options: { selection: 'greedy', steps: 16, firstOrder: { step: 'line-search' } },
    needs: ['gradients', 'loss'],
  },
  {
    name: 'first-order-32',
    options: { selection: 'greedy', steps: 32, firstOrder: { step: 'line-search' } },
    needs: ['gradients', 'loss'],
    samples: 4_000,
    sparsities: HARD,
  },
];

/** Why this version cannot run a method; undefined where it can. */
export function unsupported({ options: { criterion } }: QualityMethod): string | undefined {
  const known: readonly string[] = CRITERIA;
  if (criterion === undefined || known.includes(criterion)) return undefined;
  return `criterion "${criterion}" is not one of ${known.join(', ')}`;
}

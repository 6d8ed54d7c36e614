import { mean } from '../../examples/digits/moments.js';
import { CRITERIA, PRESET_OPTIONS, type PruneOptions, presetSamples } from '../../src/index.js';

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
  /**
   * N of its own, where it is not the N of the table (it then stands in no table over N): a number, or
   * `advised`, what its preset is made for at each step.
   */
  samples?: number | 'advised';
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
  { name: 'fast', options: { preset: 'fast' }, needs: ['gradients'] },
  {
    name: 'best',
    options: { preset: 'best' },
    needs: ['gradients', 'loss'],
    samples: 'advised',
    sparsities: HARD,
  },
];

/** The options of a method, with those that its preset stands for in this version. */
export function resolvedOptions({ options }: QualityMethod): MethodSettings {
  const { preset } = options;
  return preset === undefined ? options : { ...PRESET_OPTIONS[preset], ...options };
}

/** N of a method in the table over sparsities: its mean over the steps. */
export function tableSamplesOf(method: QualityMethod, tableSamples: number): number {
  const { samples } = method;
  if (samples !== 'advised') return samples ?? tableSamples;
  const { preset, steps = 1 } = resolvedOptions(method);
  if (preset === undefined) throw new TypeError('a method whose samples are advised has a preset');
  const counts = Array.from({ length: steps }, (_, step) => presetSamples(preset, step));
  return Math.round(mean(counts));
}

/** Why this version cannot run a method; undefined where it can. */
export function unsupported({ options: { criterion } }: QualityMethod): string | undefined {
  const known: readonly string[] = CRITERIA;
  if (criterion === undefined || known.includes(criterion)) return undefined;
  return `criterion "${criterion}" is not one of ${known.join(', ')}`;
}

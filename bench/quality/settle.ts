import { ALL_EXAMPLES, loadDataset, type SplitSizes, unavailable } from './datasets.js';
import { TABLE_SAMPLES, TABLE_SPARSITY } from './grid.js';
import { METHODS, type QualityMethod, resolvedOptions, unsupported } from './methods.js';
import type { QualityOptions } from './run-quality.js';
import { SUBJECTS, type Subject } from './subjects.js';

/** What may be chosen; what is left out is everything. */
export interface Choice {
  /** Beginnings of names of subjects. */
  only?: readonly string[];
  /** Names of networks. */
  networks?: readonly string[];
  methods?: readonly string[];
  /** false: without the table. */
  sparsities?: readonly number[] | boolean;
  /** false: without the table. */
  samples?: readonly number[] | boolean;
  seeds?: readonly number[];
  quick: boolean;
}

/** What a run takes from a choice. */
export type Settled = Omit<QualityOptions, 'cache' | 'fresh'> & { sizes: SplitSizes };

/** What stands where nothing is chosen. */
interface Scale {
  sizes: SplitSizes;
  /** Of training, where they are not the subject's own. */
  epochs?: number;
  seeds: readonly number[];
  sparsities: readonly number[];
  samples: readonly number[];
  tableSamples: number;
}

const FULL: Scale = {
  sizes: ALL_EXAMPLES,
  seeds: [1, 2, 3],
  sparsities: [0.5, 0.7, 0.8, 0.9, 0.95, 0.98],
  samples: [100, 200, 400, 1_000, 4_000],
  tableSamples: TABLE_SAMPLES,
};

/** A few seconds a network. */
const QUICK: Scale = {
  sizes: { train: 2_000, heldOut: 200, test: 500 },
  epochs: 1,
  seeds: [1],
  sparsities: [0.9, 0.95],
  samples: [20, 40],
  tableSamples: 40,
};

/**
 * Fills in what was not chosen, and leaves out what cannot be run here.
 *
 * @throws {RangeError} for a name that there is not, a number that is out of range, or nothing left.
 */
export function settle(choice: Choice): Settled {
  const scale = choice.quick ? QUICK : FULL;
  const skipped: Record<string, string> = {};
  const { epochs } = scale;
  const subjects = chooseSubjects(choice).filter(({ dataset }) =>
    note(skipped, dataset, unavailable(dataset)),
  );
  const methods = chooseMethods(choice.methods).filter((method) =>
    note(skipped, method.name, unsupported(method)),
  );
  if (subjects.length === 0 || methods.length === 0) {
    const reasons = Object.entries(skipped).map(([name, why]) => `${name}: ${why}`);
    throw new RangeError(`nothing is left to run (${reasons.join('; ')})`);
  }
  const [sparsities, samples] = [
    numbersOf('sparsities', choice, scale),
    numbersOf('samples', choice, scale),
  ];
  return {
    subjects: epochs === undefined ? subjects : subjects.map((one) => ({ ...one, epochs })),
    methods: choice.quick ? methods.map(shortened) : methods,
    sparsities: check('sparsities', sparsities, 'from 0 to 1', (s) => s >= 0 && s <= 1),
    samples: check('samples', samples, `from 1 to ${scale.sizes.train}`, (n) =>
      isWhole(n, 1, scale.sizes.train),
    ),
    seeds: check('seeds', choice.seeds ?? scale.seeds, 'from 0 to 1000000', (n) =>
      isWhole(n, 0, 1e6),
    ),
    tableSamples: scale.tableSamples,
    tableSparsity: TABLE_SPARSITY,
    load: (name) => loadDataset(name, scale.sizes),
    sizes: scale.sizes,
    quick: choice.quick,
    skipped,
  };
}

/** In two steps at most, with no N and no sparsities of its own. */
function shortened(method: QualityMethod): QualityMethod {
  const { samples: _, sparsities: __, options, ...others } = method;
  const { steps = 1 } = resolvedOptions(method);
  return { ...others, options: steps > 2 ? { ...options, steps: 2 } : options };
}

function chooseSubjects({ only, networks }: Choice): Subject[] {
  for (const prefix of only ?? []) {
    if (SUBJECTS.some(({ name }) => name.startsWith(prefix))) continue;
    throw unknown(
      'only',
      SUBJECTS.map(({ name }) => name),
      prefix,
    );
  }
  const known = [...new Set(SUBJECTS.map(({ network }) => network.name))];
  for (const name of networks ?? [])
    if (!known.includes(name)) throw unknown('networks', known, name);
  const chosen = SUBJECTS.filter(
    ({ name, network }) =>
      (only?.some((prefix) => name.startsWith(prefix)) ?? true) &&
      (networks?.includes(network.name) ?? true),
  );
  if (chosen.length > 0) return chosen;
  throw new RangeError(`--networks ${networks?.join(', ')} has none of --only ${only?.join(', ')}`);
}

function chooseMethods(names: readonly string[] | undefined): QualityMethod[] {
  const known = METHODS.map(({ name }) => name);
  for (const name of names ?? []) if (!known.includes(name)) throw unknown('methods', known, name);
  return METHODS.filter(({ name }) => names?.includes(name) ?? true);
}

function numbersOf(
  option: 'sparsities' | 'samples',
  choice: Choice,
  scale: Scale,
): readonly number[] {
  const chosen = choice[option];
  if (chosen === false) return [];
  return chosen === undefined || chosen === true ? scale[option] : chosen;
}

function check(
  option: string,
  values: readonly number[],
  rule: string,
  holds: (value: number) => boolean,
): readonly number[] {
  for (const value of values) {
    if (!holds(value)) throw new RangeError(`--${option} must be ${rule}, but is ${value}`);
  }
  return [...new Set(values)];
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function unknown(option: string, known: readonly string[], value: string): RangeError {
  return new RangeError(`--${option} must be of ${known.join(', ')}, but is "${value}"`);
}

/** Whether nothing speaks against it; what does is written down. */
function note(skipped: Record<string, string>, name: string, why: string | undefined): boolean {
  if (why === undefined) return true;
  skipped[name] = why;
  return false;
}

import { WoodFisherError } from './errors.js';
import { checkChoice } from './options.js';
import { PRESETS, type Preset } from './preset-names.js';
import type { PruneOptions } from './prune-options.js';

/** What a preset decides. */
export type PresetOptions = Readonly<
  Pick<
    PruneOptions,
    | 'criterion'
    | 'selection'
    | 'update'
    | 'firstOrder'
    | 'steps'
    | 'schedule'
    | 'blockSize'
    | 'blocks'
    | 'damping'
  >
>;

/** The options that stand for each preset. */
export const PRESET_OPTIONS: Readonly<Record<Preset, PresetOptions>> = {
  paper: {
    criterion: 'woodfisher',
    selection: 'oneshot',
    update: 'independent',
    blockSize: 100,
    damping: 1e-5,
  },
  fast: {
    criterion: 'woodfisher',
    selection: 'oneshot',
    update: 'joint',
    blockSize: 50,
    damping: { relative: 0.01, over: 'model' },
  },
  best: {
    criterion: 'woodfisher',
    selection: 'greedy',
    update: 'joint',
    firstOrder: { step: 'line-search' },
    steps: 32,
    schedule: { polynomial: 4 },
    blockSize: 200,
    blocks: 'compact',
    damping: { relative: 0.01, over: 'model' },
  },
};

/**
 * The options, with those of their preset where they say nothing themselves.
 *
 * @throws {WoodFisherError} for a preset that is none, or that needs an option which is missing.
 */
export function withPreset<T extends Partial<PruneOptions>>(options: T): T {
  if (options.preset === undefined) return options;
  const preset = checkChoice('preset', PRESETS, options.preset, 'paper');
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  const filled = { ...options, ...PRESET_OPTIONS[preset], ...given };
  // A schedule is for several steps; that of the preset goes where one is asked for.
  if (filled.steps === 1) filled.schedule = options.schedule;
  const { steps, firstOrder } = PRESET_OPTIONS[preset];
  if (steps !== undefined && filled.steps === steps && typeof options.gradients !== 'function') {
    throw refused(
      'gradients',
      `preset "${preset}" takes gradients again at each of ${steps} steps: give gradients as a function that is called with the weights of the step; presets "paper" and "fast" take them once`,
    );
  }
  if (filled.firstOrder === firstOrder && firstOrder !== undefined && options.loss === undefined) {
    throw refused(
      'loss',
      `preset "${preset}" searches the step along the gradient: give loss, a function over held-out examples, or firstOrder: false`,
    );
  }
  return filled;
}

/**
 * Samples that a preset is made for at a step (0, 1, …), per-example gradients of examples drawn anew.
 * `best` begins with 2,000, when the model has many weights and little depends on each, and ends with
 * about 38,000.
 */
export function presetSamples(preset: Preset, step: number): number {
  return preset === 'best' ? Math.round(2000 * 1.1 ** step) : 1000;
}

function refused(option: string, message: string): WoodFisherError {
  return new WoodFisherError('ERR_WOODFISHER_OPTION', message, { option });
}

import { WoodFisherError } from '../../errors.js';
import { type BlockLayout, type Damping, describeDamping } from '../../options.js';
import type { SolverOption } from '../../solvers/choose.js';
import {
  checkForm,
  type FisherForm,
  type FisherFormOptions,
  type FisherScale,
} from '../../solvers/form.js';
import type { StateSource } from './state-source.js';

/** What a run may ask for that a saved Fisher has decided already. */
export interface AskedOfSaved extends FisherFormOptions {
  blockSize?: number;
  blocks?: BlockLayout;
  samples?: number;
  solver?: SolverOption;
  damping?: Damping;
}

/** What a run with a saved Fisher has of it. */
export interface SavedSettings {
  blockSize: number;
  blocks: BlockLayout;
  samples: number;
  form: FisherForm;
  /** Only of woodbury, whose λ is decided. */
  damping?: number;
}

/**
 * The settings of a saved Fisher for a run.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_OPTION` for options that say otherwise.
 */
export function savedSettings(source: StateSource, asked: AskedOfSaved): SavedSettings {
  const { blockSize, blocks, samples, solver, damping, examplesPerSample } = source.description;
  const agree = (option: string, saved: unknown, value: unknown): void => {
    if (value === undefined || value === saved) return;
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      `${option} of ${source.name} is ${saved}, but ${value} is asked for; leave ${option} out, or estimate the Fisher anew`,
      { option, value },
    );
  };
  agree('blockSize', blockSize, asked.blockSize);
  agree('blocks', blocks, asked.blocks);
  agree('samples', samples, asked.samples);
  agree('solver', solver, asked.solver === 'auto' ? undefined : asked.solver);
  agree('examplesPerSample', examplesPerSample, asked.examplesPerSample);
  const form = formOf(source, asked);
  if (damping === null) return { blockSize, blocks, samples, form };
  agree('damping', damping, asked.damping && describedOf(asked.damping));
  return { blockSize, blocks, samples, form, damping };
}

function describedOf(damping: Damping): number | string {
  return typeof damping === 'number' ? damping : describeDamping(damping);
}

/** The form that is asked for, else the one that the state has had. */
export function formOf(
  { name, description: { solver, examplesPerSample, ...saved } }: StateSource,
  {
    fisherScale = saved.fisherScale,
    centred = saved.centred,
  }: { fisherScale?: FisherScale; centred?: boolean },
): FisherForm {
  if (solver === 'woodbury' && fisherScale !== saved.fisherScale) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      `${name} is an inverse of solver "woodbury", made with fisherScale "${saved.fisherScale}"; another one needs solver "gram"`,
      { option: 'fisherScale', value: fisherScale },
    );
  }
  return checkForm({ examplesPerSample, fisherScale, centred });
}

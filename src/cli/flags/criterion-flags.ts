import { type Command, Option } from 'commander';
import { CRITERIA } from '../../criteria/score.js';
import type { CriterionName } from '../../engine/kernels.js';
import { BLOCK_LAYOUTS, type BlockLayout, type Damping, DEFAULTS } from '../../options.js';
import { PRESETS } from '../../preset-names.js';
import { SOLVER_OPTIONS, type SolverOption } from '../../solvers/choose.js';
import { FISHER_SCALES, type FisherScale } from '../../solvers/form.js';
import { parseNumber, parseNumbers } from '../arguments.js';
import { choice, number } from './option-kinds.js';

/** How weights are ranked. */
export interface CriterionFlags {
  criterion: CriterionName;
  seed?: number;
  blockSize: number;
  blocks: BlockLayout;
  damping: number;
  examplesPerSample?: number;
  fisherScale: FisherScale;
  centred?: boolean;
  relativeDamping?: number;
  dampingSweep?: number[];
  dampingOver?: 'parameter' | 'model';
  solver: SolverOption;
}

export function addCriterionFlags(command: Command): Command {
  return command
    .optionsGroup('Method:')
    .addOption(
      new Option(
        '--preset <name>',
        'a recipe: what it decides holds where no flag says otherwise; best needs --gradients-command and --loss-command',
      ).choices(PRESETS),
    )
    .addOption(choice('--criterion <name>', CRITERIA, DEFAULTS.criterion, 'how weights are ranked'))
    .addOption(
      new Option(
        '--seed <n>',
        `of --criterion random, 0 to 4294967295 (default: ${DEFAULTS.seed})`,
      ).argParser(parseNumber),
    )
    .addOption(
      number('--block-size <n>', 'weights whose curvature is taken together', DEFAULTS.blockSize),
    )
    .addOption(
      choice(
        '--blocks <name>',
        BLOCK_LAYOUTS,
        DEFAULTS.blocks,
        'what blocks are cut from: all weights of a parameter, or (compact) those that are still there',
      ),
    )
    .addOption(
      number('--damping <λ>', 'added to the diagonal of the Fisher, above 0', DEFAULTS.damping),
    )
    .addOption(
      new Option(
        '--relative-damping <r>',
        'in place of --damping: r times the mean diagonal of the Fisher over the weights that are left',
      )
        .argParser(parseNumber)
        .conflicts('damping'),
    )
    .addOption(
      new Option(
        '--damping-over <what>',
        'whose mean --relative-damping takes: of each parameter, or of the whole model (default: parameter)',
      ).choices(['parameter', 'model']),
    )
    .addOption(
      new Option(
        '--damping-sweep <λ,λ,…>',
        'report what these dampings would do, beside the one that is used',
      ).argParser(parseNumbers),
    )
    .addOption(
      new Option(
        '--examples-per-sample <m>',
        'examples whose mean loss a sample is the gradient of (default: 1)',
      ).argParser(parseNumber),
    )
    .addOption(
      choice(
        '--fisher-scale <what>',
        FISHER_SCALES,
        'samples',
        'examples: the Fisher of samples of several examples on the scale of single ones',
      ),
    )
    .option('--centred', 'take the mean gradient from each sample')
    .addOption(
      choice('--solver <name>', SOLVER_OPTIONS, DEFAULTS.solver, 'how the inverse is made'),
    );
}

/** The damping that the flags ask for. */
export function dampingOf({ damping, relativeDamping, dampingOver }: CriterionFlags): Damping {
  if (relativeDamping === undefined) return damping;
  return { relative: relativeDamping, over: dampingOver };
}
